"""What reporters read from OpenMM, in this package's units."""

from typing import Any

import numpy as np
import numpy.typing as npt
import openmm
from openmm import unit

from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    angstrom_from_nm,
    ev_from_kj_per_mol,
    ev_per_angstrom_from_kj_per_mol_nm,
)

FloatArray = npt.NDArray[np.float64]

_KJ_PER_MOL = unit.kilojoule_per_mole
_NM_PER_PS = unit.nanometer / unit.picosecond
_KJ_PER_MOL_NM = unit.kilojoule_per_mole / unit.nanometer


def time_ps(state: Any) -> float:
    """Give the time of a State, ps."""
    return float(state.getTime().value_in_unit(unit.picosecond))


def potential_ev(state: Any) -> float:
    """Give the potential energy of a State, eV."""
    return ev_from_kj_per_mol(float(state.getPotentialEnergy().value_in_unit(_KJ_PER_MOL)))


def kinetic_ev(state: Any) -> float:
    """Give the kinetic energy of a State, eV, at the time of its positions."""
    # The velocities of VerletIntegrator lie half a step back; getKineticEnergy moves them on by
    # half a kick first.
    return ev_from_kj_per_mol(float(state.getKineticEnergy().value_in_unit(_KJ_PER_MOL)))


def positions_angstrom(state: Any) -> FloatArray:
    """Give the positions of a State, (N, 3) float64, Å."""
    return angstrom_from_nm(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))


def velocities_angstrom_per_ps(state: Any) -> FloatArray:
    """Give the velocities of a State as OpenMM holds them, (N, 3) float64, Å/ps."""
    return angstrom_from_nm(state.getVelocities(asNumpy=True).value_in_unit(_NM_PER_PS))


def forces_ev_per_angstrom(state: Any) -> FloatArray:
    """Give the forces of a State, (N, 3) float64, eV/Å."""
    forces = state.getForces(asNumpy=True).value_in_unit(_KJ_PER_MOL_NM)
    return ev_per_angstrom_from_kj_per_mol_nm(forces)


def masses_amu(system: openmm.System) -> FloatArray:
    """Give the masses of a System's particles, (N,) float64, amu."""
    return np.array(
        [
            system.getParticleMass(index).value_in_unit(unit.dalton)
            for index in range(system.getNumParticles())
        ],
        dtype=np.float64,
    )


def atom_count(system: openmm.System) -> int:
    """Count the particles of a System that are atoms, not virtual sites."""
    return sum(not system.isVirtualSite(index) for index in range(system.getNumParticles()))


def degrees_of_freedom(system: openmm.System) -> int:
    """Count a System's degrees of freedom as OpenMM's ``StateDataReporter`` does.

    Three for each particle with mass, less one for each constraint between particles with mass,
    less three where a ``CMMotionRemover`` holds the centre of mass.

    Returns:
        Their number; it may be zero or less where nothing can move.
    """
    massive = masses_amu(system) > 0.0
    count = 3 * int(massive.sum())
    for index in range(system.getNumConstraints()):
        first, second, _ = system.getConstraintParameters(index)
        count -= bool(massive[first] or massive[second])
    if any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces()):
        count -= 3
    return count


def temperature_kelvin(kinetic_energy_ev: float, *, n_degrees_of_freedom: int) -> float:
    """Give the instantaneous temperature, T = 2 KE / (n k_B), K; 0 where nothing can move."""
    if n_degrees_of_freedom <= 0:
        return 0.0
    return 2.0 * kinetic_energy_ev / (n_degrees_of_freedom * BOLTZMANN_EV_PER_KELVIN)
