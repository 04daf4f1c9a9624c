"""Quantities of OpenMM objects in the units of this package."""

from typing import Any

import numpy as np
import numpy.typing as npt
import openmm
from openmm import unit

from openmm_mlff.potentials.sites import are_atoms
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
    """Return the time of a State, ps."""
    return float(state.getTime().value_in_unit(unit.picosecond))


def potential_ev(state: Any) -> float:
    """Return the potential energy of a State, eV."""
    return ev_from_kj_per_mol(float(state.getPotentialEnergy().value_in_unit(_KJ_PER_MOL)))


def kinetic_ev(state: Any) -> float:
    """Return the kinetic energy of a State, eV, at the time of its positions."""
    # VerletIntegrator's velocities lag half a step; getKineticEnergy shifts them to this time.
    return ev_from_kj_per_mol(float(state.getKineticEnergy().value_in_unit(_KJ_PER_MOL)))


def positions_angstrom(state: Any) -> FloatArray:
    """Return the positions of a State, (N, 3) float64, Å."""
    return angstrom_from_nm(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))


def box_angstrom(state: Any) -> FloatArray:
    """Return the box vectors of a State as rows, (3, 3) float64, Å."""
    return angstrom_from_nm(state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer))


def velocities_angstrom_per_ps(state: Any) -> FloatArray:
    """Return the velocities of a State as stored by OpenMM, (N, 3) float64, Å/ps."""
    return angstrom_from_nm(state.getVelocities(asNumpy=True).value_in_unit(_NM_PER_PS))


def forces_ev_per_angstrom(state: Any) -> FloatArray:
    """Return the forces of a State, (N, 3) float64, eV/Å."""
    forces = state.getForces(asNumpy=True).value_in_unit(_KJ_PER_MOL_NM)
    return ev_per_angstrom_from_kj_per_mol_nm(forces)


def masses_amu(system: openmm.System) -> FloatArray:
    """Return the masses of a System's atoms, without virtual sites, (N,) float64, amu."""
    return _particle_masses_amu(system)[are_atoms(system)]


def _particle_masses_amu(system: openmm.System) -> FloatArray:
    masses = (system.getParticleMass(index) for index in range(system.getNumParticles()))
    return np.array([mass.value_in_unit(unit.dalton) for mass in masses], dtype=np.float64)


def degrees_of_freedom(system: openmm.System) -> int:
    """Return the number of degrees of freedom as OpenMM's ``StateDataReporter`` counts them.

    Three for each particle with mass, minus one for each constraint between particles with mass,
    minus three with a ``CMMotionRemover``.  May be zero or negative if nothing can move.
    """
    massive = _particle_masses_amu(system) > 0.0
    count = 3 * int(massive.sum())
    for index in range(system.getNumConstraints()):
        first, second, _ = system.getConstraintParameters(index)
        count -= bool(massive[first] or massive[second])
    if any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces()):
        count -= 3
    return count


def temperature_kelvin(kinetic_energy_ev: float, *, n_degrees_of_freedom: int) -> float:
    """Return the instantaneous temperature, T = 2 KE / (n k_B), K; 0 if nothing can move."""
    if n_degrees_of_freedom <= 0:
        return 0.0
    return 2.0 * kinetic_energy_ev / (n_degrees_of_freedom * BOLTZMANN_EV_PER_KELVIN)
