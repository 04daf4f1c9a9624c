"""Simulation and State of one copy of a batch, with OpenMM's names, for reporters."""

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


def split_positions(state: openmm.State, *, n_copies: int) -> FloatArray:
    """Return the positions of each copy, (n, N, 3), nm."""
    flat = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return np.array(flat, dtype=np.float64).reshape(n_copies, -1, 3)


def split_velocities(state: openmm.State, *, n_copies: int) -> FloatArray:
    """Return the velocities of each copy as stored by the integrator, (n, N, 3), nm/ps."""
    flat = state.getVelocities(asNumpy=True).value_in_unit(_NM_PER_PS)
    return np.array(flat, dtype=np.float64).reshape(n_copies, -1, 3)


def split_frames(state: openmm.State, *, n_copies: int) -> list[CopyFrame]:
    """Split a State with positions of all copies."""
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
    """Split a State with positions, velocities and forces of all copies.

    `masses_amu`, (N,), are those of one copy, `timestep_ps` that of the ``VerletIntegrator``.
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
