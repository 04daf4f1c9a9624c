"""One copy of a batch as reporters see it: with OpenMM's own names, as if it ran alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.reporters.quantities import FloatArray, time_ps
from openmm_mlff.simulation.nve import half_kick_nm_per_ps
from openmm_mlff.simulation.replicas.module import CopyEnergies
from openmm_mlff.units import angstrom_from_nm, kj_per_mol_from_ev

_PER_ENERGY = unit.kilojoule_per_mole
_NM_PER_PS = unit.nanometer / unit.picosecond
_FORCE = unit.kilojoule_per_mole / unit.nanometer


@dataclass
class CopySimulation:
    """What reporters ask of an ``openmm.app.Simulation``.

    Attributes:
        system: of one copy.
        topology: of one copy.
        integrator: of all copies.
        currentStep: of all copies.
    """

    system: openmm.System
    topology: app.Topology
    integrator: openmm.Integrator
    currentStep: int = 0  # noqa: N815


@dataclass(frozen=True)
class CopyFrame:
    """The positions of a copy, as an ``openmm.State`` gives them.

    Attributes:
        time_ps: ps.
        positions_nm: (N, 3), nm.
    """

    time_ps: float
    positions_nm: FloatArray

    def getTime(self) -> unit.Quantity:  # noqa: N802
        """Give the time."""
        return self.time_ps * unit.picosecond

    def getPositions(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Give the positions, always as an array."""
        return unit.Quantity(self.positions_nm, unit.nanometer)

    def getPeriodicBoxVectors(self) -> None:  # noqa: N802
        """Give no box: copies are isolated."""


@dataclass(frozen=True)
class CopyState(CopyFrame):
    """What reporters ask of an ``openmm.State``, in OpenMM's units.

    Attributes:
        velocities_nm_per_ps: as the integrator holds them, (N, 3), nm/ps.
        forces_kj_per_mol_nm: (N, 3), kJ/mol/nm.
        potential_kj_per_mol: kJ/mol.
        kinetic_kj_per_mol: at the time of the positions, kJ/mol.
    """

    velocities_nm_per_ps: FloatArray
    forces_kj_per_mol_nm: FloatArray
    potential_kj_per_mol: float
    kinetic_kj_per_mol: float

    def getVelocities(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Give the velocities, always as an array."""
        return unit.Quantity(self.velocities_nm_per_ps, _NM_PER_PS)

    def getForces(self, *, asNumpy: bool = True) -> unit.Quantity:  # noqa: N802, N803
        """Give the forces, always as an array."""
        return unit.Quantity(self.forces_kj_per_mol_nm, _FORCE)

    def getPotentialEnergy(self) -> unit.Quantity:  # noqa: N802
        """Give the potential energy."""
        return self.potential_kj_per_mol * _PER_ENERGY

    def getKineticEnergy(self) -> unit.Quantity:  # noqa: N802
        """Give the kinetic energy."""
        return self.kinetic_kj_per_mol * _PER_ENERGY


def split_positions(state: openmm.State, *, n_copies: int) -> FloatArray:
    """Give the positions copy by copy, (n, N, 3), nm."""
    flat = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return np.array(flat, dtype=np.float64).reshape(n_copies, -1, 3)


def split_velocities(state: openmm.State, *, n_copies: int) -> FloatArray:
    """Give the velocities as the integrator holds them, (n, N, 3), nm/ps."""
    flat = state.getVelocities(asNumpy=True).value_in_unit(_NM_PER_PS)
    return np.array(flat, dtype=np.float64).reshape(n_copies, -1, 3)


def split_frames(state: openmm.State, *, n_copies: int) -> list[CopyFrame]:
    """Split a State of all copies.

    Args:
        state: with positions.
        n_copies: n.

    Returns:
        One a copy.
    """
    time = time_ps(state)
    return [CopyFrame(time, placed) for placed in split_positions(state, n_copies=n_copies)]


def split_state(
    state: openmm.State,
    *,
    energies_ev: CopyEnergies,
    masses_amu: npt.ArrayLike,
    timestep_ps: float,
    n_copies: int,
) -> list[CopyState]:
    """Split a State of all copies.

    Args:
        state: with positions, velocities and forces.
        energies_ev: potential energies copy by copy.
        masses_amu: of one copy, (N,), amu.
        timestep_ps: of the ``VerletIntegrator``.
        n_copies: n.

    Returns:
        One a copy.
    """
    positions = split_positions(state, n_copies=n_copies)
    velocities = split_velocities(state, n_copies=n_copies)
    flat = state.getForces(asNumpy=True).value_in_unit(_FORCE)
    forces = np.array(flat, dtype=np.float64).reshape(n_copies, -1, 3)
    potentials = kj_per_mol_from_ev(energies_ev(angstrom_from_nm(positions)))
    kinetic = kinetic_energies(
        velocities, forces=forces, masses_amu=masses_amu, timestep_ps=timestep_ps
    )
    time = time_ps(state)
    return [
        CopyState(
            time_ps=time,
            positions_nm=positions[copy],
            velocities_nm_per_ps=velocities[copy],
            forces_kj_per_mol_nm=forces[copy],
            potential_kj_per_mol=float(potentials[copy]),
            kinetic_kj_per_mol=float(kinetic[copy]),
        )
        for copy in range(n_copies)
    ]


def kinetic_energies(
    velocities_nm_per_ps: FloatArray,
    *,
    forces: FloatArray,
    masses_amu: npt.ArrayLike,
    timestep_ps: float,
) -> FloatArray:
    """Give the kinetic energy of each copy at the time of its positions.

    Leapfrog holds v(t−dt/2); half a kick moves it on, v(t) = v(t−dt/2) + (dt/2) F(t)/m, and
    KE = ½ Σ m v(t)², as OpenMM's own ``getKineticEnergy`` does for all copies together.

    Args:
        velocities_nm_per_ps: (n, N, 3), nm/ps, half a step back.
        forces: (n, N, 3), kJ/mol/nm.
        masses_amu: (N,), amu; 1 amu nm²/ps² is 1 kJ/mol.
        timestep_ps: dt.

    Returns:
        (n,), kJ/mol.
    """
    masses = np.asarray(masses_amu, dtype=np.float64)
    moved = velocities_nm_per_ps + half_kick_nm_per_ps(
        forces, masses_amu=masses, timestep_ps=timestep_ps
    )
    energies: FloatArray = 0.5 * (masses[:, None] * moved**2).sum(axis=(1, 2))
    return energies
