"""States of single copies in a Context of one or several copies of a molecule.

A copy of several has a Simulation and a State with OpenMM's names, for reporters.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import FloatArray, masses_amu, time_ps
from openmm_mlff.simulation.contexts import make_context
from openmm_mlff.simulation.nve import half_kick_nm_per_ps
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.units import angstrom_from_nm, kj_per_mol_from_ev, ps_from_fs

CopyEnergies = Callable[[FloatArray], FloatArray]
"""Function from positions of all copies, (n, N, 3), Å, to their potential energies, (n,), eV."""

_PER_ENERGY = unit.kilojoule_per_mole
_NM_PER_PS = unit.nanometer / unit.picosecond
_FORCE = unit.kilojoule_per_mole / unit.nanometer


@dataclass
class CopySimulation:
    """The attributes of an ``openmm.app.Simulation`` that reporters use.

    System and topology are those of one copy.
    """

    system: openmm.System
    topology: app.Topology
    integrator: openmm.Integrator
    currentStep: int = 0  # noqa: N815


@dataclass(frozen=True)
class CopyFrame:
    """Positions of a copy, (N, 3), with the interface of an ``openmm.State``."""

    time_ps: float
    positions_nm: FloatArray

    def getTime(self) -> unit.Quantity:  # noqa: N802
        """Return the time."""
        return self.time_ps * unit.picosecond

    def getPositions(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Return the positions, always as an array."""
        return unit.Quantity(self.positions_nm, unit.nanometer)

    def getPeriodicBoxVectors(self) -> None:  # noqa: N802
        """Return None, because copies are isolated."""


@dataclass(frozen=True)
class CopyState(CopyFrame):
    """The quantities of an ``openmm.State`` that reporters use, in OpenMM's units.

    Attributes:
        velocities_nm_per_ps: as stored by the integrator, (N, 3).
        forces_kj_per_mol_nm: (N, 3).
        kinetic_kj_per_mol: at the time of the positions.
    """

    velocities_nm_per_ps: FloatArray
    forces_kj_per_mol_nm: FloatArray
    potential_kj_per_mol: float
    kinetic_kj_per_mol: float

    def getVelocities(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Return the velocities, always as an array."""
        return unit.Quantity(self.velocities_nm_per_ps, _NM_PER_PS)

    def getForces(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Return the forces, always as an array."""
        return unit.Quantity(self.forces_kj_per_mol_nm, _FORCE)

    def getPotentialEnergy(self) -> unit.Quantity:  # noqa: N802
        """Return the potential energy."""
        return self.potential_kj_per_mol * _PER_ENERGY

    def getKineticEnergy(self) -> unit.Quantity:  # noqa: N802
        """Return the kinetic energy."""
        return self.kinetic_kj_per_mol * _PER_ENERGY


class Content(Protocol):
    """What a Context holds: one copy or several, each with the System `single`."""

    single: openmm.System

    def frames(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with positions of each copy."""

    def states(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with all that reporters use of each copy."""

    def saved(self, context: openmm.Context) -> Iterator[openmm.State]:
        """Yield a State of each copy from which it can be resumed."""

    def energies_ev(self, positions_angstrom: FloatArray) -> FloatArray:
        """Return the potential energy of each copy, not finite where its forces are not."""


class OneCopy:
    """One molecule, whose States are those of the Context."""

    def __init__(self, system: openmm.System) -> None:
        self.single = system

    def frames(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with positions."""
        return [context.getState(positions=True)]

    def states(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with all that reporters use."""
        return [context.getState(positions=True, velocities=True, forces=True, energy=True)]

    def saved(self, context: openmm.Context) -> Iterator[openmm.State]:
        """Yield a State from which the run can be resumed."""
        yield context.getState(positions=True, velocities=True, parameters=True)

    def energies_ev(self, positions_angstrom: FloatArray) -> FloatArray:
        """Return NaN: the only copy is the one whose forces OpenMM found not finite."""
        return np.array([np.nan])


@dataclass
class ManyCopies:
    """Several copies, into which the State of the Context is split.

    Attributes:
        single: System of one copy.
        copy_energies_ev: potential energies of each copy.
        timestep_fs: of the ``VerletIntegrator``.
    """

    single: openmm.System
    n_copies: int
    copy_energies_ev: CopyEnergies
    timestep_fs: float

    def __post_init__(self) -> None:
        self._masses_amu = masses_amu(self.single)

    @cached_property
    def _bare(self) -> openmm.Context:
        """Context of one copy without forces."""
        system = openmm.System()
        for mass_amu in self._masses_amu:
            system.addParticle(mass_amu)
        platform = PlatformChoice("Reference")
        start = np.zeros((len(self._masses_amu), 3))
        return make_context(system, platform=platform, positions_angstrom=start)

    def energies_ev(self, positions_angstrom: FloatArray) -> FloatArray:
        """Return the potential energy of each copy, (n,), at positions (n, N, 3)."""
        return self.copy_energies_ev(positions_angstrom)

    def frames(self, context: openmm.Context) -> list[CopyFrame]:
        """Return the positions of each copy."""
        state = context.getState(positions=True)
        return [CopyFrame(time_ps(state), placed) for placed in self.positions_nm(state)]

    def states(self, context: openmm.Context) -> list[CopyState]:
        """Return all that reporters use of each copy."""
        return self.split(context.getState(positions=True, velocities=True, forces=True))

    def saved(self, context: openmm.Context) -> Iterator[openmm.State]:
        """Yield a State of each copy, as that of a single run."""
        state = context.getState(positions=True, velocities=True)
        for placed, moving in zip(
            self.positions_nm(state), self.velocities_nm_per_ps(state), strict=True
        ):
            self._bare.setPositions(placed)
            self._bare.setVelocities(moving)
            self._bare.setTime(state.getTime())
            self._bare.setStepCount(context.getStepCount())
            yield self._bare.getState(positions=True, velocities=True, parameters=True)

    def positions_nm(self, state: openmm.State) -> FloatArray:
        """Return the positions of each copy, (n, N, 3), nm."""
        return self._of_copies(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))

    def velocities_nm_per_ps(self, state: openmm.State) -> FloatArray:
        """Return the velocities of each copy as stored by the integrator, (n, N, 3), nm/ps."""
        return self._of_copies(state.getVelocities(asNumpy=True).value_in_unit(_NM_PER_PS))

    def split(self, state: openmm.State) -> list[CopyState]:
        """Split a State with positions, velocities and forces."""
        positions, velocities = self.positions_nm(state), self.velocities_nm_per_ps(state)
        forces = self._of_copies(state.getForces(asNumpy=True).value_in_unit(_FORCE))
        potentials = kj_per_mol_from_ev(self.energies_ev(angstrom_from_nm(positions)))
        kinetic = kinetic_energies(
            velocities,
            forces=forces,
            masses_amu=self._masses_amu,
            timestep_ps=ps_from_fs(self.timestep_fs),
        )
        return [
            CopyState(
                time_ps(state), placed, moving, pushed, float(potential), float(kinetic_energy)
            )
            for placed, moving, pushed, potential, kinetic_energy in zip(
                positions, velocities, forces, potentials, kinetic, strict=True
            )
        ]

    def _of_copies(self, flat: npt.ArrayLike) -> FloatArray:
        return np.array(flat, dtype=np.float64).reshape(self.n_copies, -1, 3)


def kinetic_energies(
    velocities_nm_per_ps: FloatArray,
    *,
    forces: FloatArray,
    masses_amu: npt.ArrayLike,
    timestep_ps: float,
) -> FloatArray:
    """Return the kinetic energy of each copy at the time of its positions, (n,), kJ/mol.

    Leapfrog stores v(t−dt/2); adding half a kick, v(t) = v(t−dt/2) + (dt/2) F(t)/m, and
    KE = ½ Σ m v(t)², as OpenMM's ``getKineticEnergy`` does for all copies together.

    Args:
        velocities_nm_per_ps: at t−dt/2, (n, N, 3).
        forces: kJ/mol/nm, (n, N, 3).
        masses_amu: (N,); 1 amu nm²/ps² is 1 kJ/mol.
        timestep_ps: dt.
    """
    masses = np.asarray(masses_amu, dtype=np.float64)
    moved = velocities_nm_per_ps + half_kick_nm_per_ps(
        forces, masses_amu=masses, timestep_ps=timestep_ps
    )
    energies: FloatArray = 0.5 * (masses[:, None] * moved**2).sum(axis=(1, 2))
    return energies


class CopiesReporter(IntervalReporter):
    """Calls the reporters of each copy, in a Simulation of all, with the State of that copy.

    Args:
        interval: steps between two reports.
        single: System of one copy.
        energies_ev: potential energies of each copy.
        timestep_fs: of the ``VerletIntegrator``.
        reporters: of each copy.
    """

    includes: ClassVar[tuple[str, ...]] = ("positions", "velocities", "forces")

    def __init__(
        self,
        interval: int,
        single: openmm.System,
        *,
        energies_ev: CopyEnergies,
        timestep_fs: float,
        reporters: Sequence[Sequence[IntervalReporter]],
    ) -> None:
        super().__init__(interval)
        self._copies = ManyCopies(single, len(reporters), energies_ev, timestep_fs)
        self._reporters = reporters

    def report(self, simulation: Any, state: Any) -> None:
        """Split the State and call the reporters."""
        view = CopySimulation(
            self._copies.single,
            simulation.topology,
            simulation.integrator,
            simulation.currentStep,
        )
        for reporters, own in zip(self._reporters, self._copies.split(state), strict=True):
            for reporter in reporters:
                reporter.report(view, own)
