"""Initial conditions of an NVE run: no rigid motion, and velocities for leapfrog."""

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.molecules.inertia import arms_angstrom, inertia_tensor, rotation_count
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.reporters.quantities import FloatArray, degrees_of_freedom, masses_amu
from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    EV_PER_AMU_ANGSTROM2_PER_PS2,
    angstrom_from_nm,
    nm_from_angstrom,
)


def half_kick_nm_per_ps(
    forces_kj_per_mol_nm: FloatArray, *, masses_amu: npt.ArrayLike, timestep_ps: float
) -> FloatArray:
    """Compute (dt/2) F/m, by which the velocities of leapfrog lag behind its positions.

    Forces are (..., N, 3), masses (N,); the force divided by amu is nm/ps².  It is zero for
    massless particles, which OpenMM does not move.
    """
    masses = np.asarray(masses_amu, dtype=np.float64)
    inverse = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0.0)
    return np.asarray(0.5 * timestep_ps * forces_kj_per_mol_nm * inverse[:, None])


def half_kick_angstrom_per_ps(context: openmm.Context) -> FloatArray:
    """Compute (dt/2) F/m at the positions of a Context, (N, 3), Å/ps."""
    forces = context.getState(forces=True).getForces(asNumpy=True)
    timestep = context.getIntegrator().getStepSize()
    kick_nm_per_ps = half_kick_nm_per_ps(
        forces.value_in_unit(unit.kilojoule_per_mole / unit.nanometer),
        masses_amu=masses_amu(context.getSystem()),
        timestep_ps=float(timestep.value_in_unit(unit.picosecond)),
    )
    return angstrom_from_nm(kick_nm_per_ps)


def set_start_velocities(
    simulation: app.Simulation, velocities_angstrom_per_ps: FloatArray
) -> None:
    """Set velocities (N, 3) at the time of the positions in a ``VerletIntegrator`` Simulation.

    OpenMM's leapfrog interprets its velocities as those half a step earlier:
    v(t+dt/2) = v(t−dt/2) + dt F(t)/m.  So half a kick is subtracted,
    v(t−dt/2) = v(t) − (dt/2) F(t)/m, and the kinetic energy at t is that of the given velocities.
    """
    context = simulation.context
    before = velocities_angstrom_per_ps - half_kick_angstrom_per_ps(context)
    context.setVelocities(nm_from_angstrom(before))


def removable_rotations(system: openmm.System, *, minimum_angstrom: FloatArray) -> int:
    """Return the number of rotations of a System that are not internal motion.

    It is 0 with periodic boundaries, else that of :func:`rotation_count` at the minimum, (N, 3).
    """
    if system.usesPeriodicBoundaryConditions():
        return 0
    return rotation_count(minimum_angstrom, masses_amu=masses_amu(system))


def thermal_velocities(
    masses_amu: FloatArray, *, temperature_kelvin: float, seed: int
) -> FloatArray:
    """Draw Maxwell–Boltzmann velocities (N, 3), Å/ps, with variance k_B T / m of each component."""
    variances = BOLTZMANN_EV_PER_KELVIN * temperature_kelvin / EV_PER_AMU_ANGSTROM2_PER_PS2
    drawn = np.random.default_rng(seed).normal(size=(len(masses_amu), 3))
    return np.asarray(drawn * np.sqrt(variances / masses_amu)[:, None])


def without_rigid_motion(
    velocities_angstrom_per_ps: FloatArray,
    *,
    positions_angstrom: FloatArray,
    masses_amu: FloatArray,
    rotations: int,
) -> FloatArray:
    """Remove the motion of the centre of mass and the rotations.

    v' = v − v_c − ω × (x − x_c) with I ω = L about the centre of mass, ω along the principal axes
    with the largest moments.  For a molecule that is linear at its minimum, the angular momentum
    about its axis is kept: where the molecule is bent, it belongs to the bending vibration.

    Positions and velocities are (N, 3), masses (N,); `rotations` is their number, from
    :func:`removable_rotations`.
    """
    linear, angular = momenta(
        positions_angstrom,
        velocities_angstrom_per_ps=velocities_angstrom_per_ps,
        masses_amu=masses_amu,
    )
    velocities = velocities_angstrom_per_ps - linear / masses_amu.sum()
    if rotations:
        moments, axes = np.linalg.eigh(inertia_tensor(positions_angstrom, masses_amu=masses_amu))
        moments, axes = moments[3 - rotations :], axes[:, 3 - rotations :]
        along = axes.T @ angular
        omega = axes @ np.divide(along, moments, out=np.zeros_like(along), where=moments > 0.0)
        arms = arms_angstrom(positions_angstrom, masses_amu=masses_amu)
        velocities = velocities - np.cross(omega, arms)
    # Massless particles have no momentum and do not move.
    return np.where(masses_amu[:, None] > 0.0, velocities, velocities_angstrom_per_ps)


def nve_degrees_of_freedom(system: openmm.System, *, rotations: int) -> int:
    """Return the number of degrees of freedom after :func:`without_rigid_motion`.

    That is OpenMM's count minus three (unless a ``CMMotionRemover`` already removed them) and minus
    the rotations, but not negative.
    """
    count = degrees_of_freedom(system) - rotations
    if not any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces()):
        count -= 3
    return max(count, 0)
