"""States of single copies in a Context of one or several copies of a molecule.

A copy of several has a Simulation and a State with OpenMM's names, for reporters.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import openmm
from openmm import app, unit

from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import FloatArray, masses_amu
from openmm_mlff.simulation.contexts import make_context
from openmm_mlff.simulation.nve import half_kick_nm_per_ps
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.units import angstrom_from_nm, kj_per_mol_from_ev, ps_from_fs

CopyEnergies = Callable[[FloatArray], FloatArray]
"""Function from positions of all copies, (n, N, 3), Å, to their potential energies, (n,), eV."""

_KJ_PER_MOL = unit.kilojoule_per_mole
_NM = unit.nanometer


def copy_simulation(
    single: openmm.System, topology: app.Topology, integrator: openmm.Integrator
) -> SimpleNamespace:
    """Return what reporters use of an ``openmm.app.Simulation``, for the System of one copy."""
    return SimpleNamespace(system=single, topology=topology, integrator=integrator, currentStep=0)


def copy_state(**quantities: unit.Quantity) -> SimpleNamespace:
    """Return quantities of an isolated copy with the interface of an ``openmm.State``.

    `Positions` is returned by ``getPositions``, and so on; arrays are (N, 3).
    """
    state = SimpleNamespace(getPeriodicBoxVectors=lambda: None)
    for name, quantity in quantities.items():
        setattr(state, f"get{name}", lambda *, asNumpy=True, quantity=quantity: quantity)  # noqa: N803
    return state


class OneCopy:
    """One molecule, whose States are those of the Context.

    Attributes:
        single: System of the molecule.
    """

    def __init__(self, single: openmm.System) -> None:
        self.single = single

    def frames(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with positions."""
        return [context.getState(positions=True)]

    def states(self, context: openmm.Context) -> Sequence[Any]:
        """Return a State with all that reporters use."""
        return [context.getState(positions=True, velocities=True, forces=True, energy=True)]

    def saved(self, context: openmm.Context) -> Iterator[openmm.State]:
        """Yield a State from which the run can be resumed."""
        state = context.getState(positions=True, velocities=True, parameters=True)
        yield getattr(state, "whole", state)

    def energies_ev(self, positions_angstrom: FloatArray) -> FloatArray:
        """Return NaN: the only copy is the one whose forces OpenMM found not finite."""
        return np.array([np.nan])


@dataclass
class ManyCopies:
    """Several copies, into which the State of the Context is split.

    Attributes:
        single: System of one copy.
        energies_ev: potential energies of each copy.
        timestep_fs: of the ``VerletIntegrator``.
    """

    single: openmm.System
    n_copies: int
    energies_ev: CopyEnergies
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

    def frames(self, context: openmm.Context) -> Sequence[Any]:
        """Return the positions of each copy."""
        state = context.getState(positions=True)
        return [
            copy_state(Time=state.getTime(), Positions=unit.Quantity(placed, _NM))
            for placed in self._of_copies(state.getPositions(asNumpy=True))
        ]

    def states(self, context: openmm.Context) -> Sequence[Any]:
        """Return all that reporters use of each copy."""
        return self.split(context.getState(positions=True, velocities=True, forces=True))

    def saved(self, context: openmm.Context) -> Iterator[openmm.State]:
        """Yield a State of each copy, as that of a single run."""
        state = context.getState(positions=True, velocities=True)
        for placed, moving in zip(
            self._of_copies(state.getPositions(asNumpy=True)),
            self._of_copies(state.getVelocities(asNumpy=True)),
            strict=True,
        ):
            self._bare.setPositions(placed)
            self._bare.setVelocities(moving)
            self._bare.setTime(state.getTime())
            self._bare.setStepCount(context.getStepCount())
            yield self._bare.getState(positions=True, velocities=True, parameters=True)

    def split(self, state: openmm.State) -> Sequence[Any]:
        """Split a State with positions, velocities and forces."""
        positions = self._of_copies(state.getPositions(asNumpy=True))
        velocities = self._of_copies(state.getVelocities(asNumpy=True))
        forces = self._of_copies(state.getForces(asNumpy=True))
        potentials = kj_per_mol_from_ev(self.energies_ev(angstrom_from_nm(positions)))
        # Leapfrog stores v(t−dt/2).  Half a kick is added, and KE = ½ Σ m v(t)², as OpenMM's
        # getKineticEnergy does for all copies together; 1 amu nm²/ps² is 1 kJ/mol.
        kick = half_kick_nm_per_ps(
            forces, masses_amu=self._masses_amu, timestep_ps=ps_from_fs(self.timestep_fs)
        )
        kinetic = 0.5 * (self._masses_amu[:, None] * (velocities + kick) ** 2).sum(axis=(1, 2))
        return [
            copy_state(
                Time=state.getTime(),
                Positions=unit.Quantity(positions[copy], _NM),
                Velocities=unit.Quantity(velocities[copy], _NM / unit.picosecond),
                Forces=unit.Quantity(forces[copy], _KJ_PER_MOL / _NM),
                PotentialEnergy=float(potentials[copy]) * _KJ_PER_MOL,
                KineticEnergy=float(kinetic[copy]) * _KJ_PER_MOL,
            )
            for copy in range(self.n_copies)
        ]

    def _of_copies(self, vectors: unit.Quantity) -> FloatArray:
        """Return vectors of all copies, (n, N, 3), in OpenMM's unit of them."""
        return np.array(vectors._value, dtype=np.float64).reshape(self.n_copies, -1, 3)


Content = OneCopy | ManyCopies
"""What a Context holds."""


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
        view = copy_simulation(self._copies.single, simulation.topology, simulation.integrator)
        view.currentStep = simulation.currentStep
        for reporters, own in zip(self._reporters, self._copies.split(state), strict=True):
            for reporter in reporters:
                reporter.report(view, own)
