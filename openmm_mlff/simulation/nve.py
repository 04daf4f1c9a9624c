"""The start of an NVE run: no rigid motion, and velocities where leapfrog wants them."""

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.molecules.inertia import arms_angstrom, inertia_tensor, rotation_count
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.reporters.quantities import FloatArray, degrees_of_freedom, masses_amu
from openmm_mlff.simulation.contexts import is_isolated
from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    EV_PER_AMU_ANGSTROM2_PER_PS2,
    angstrom_from_nm,
    nm_from_angstrom,
)


def half_kick_nm_per_ps(
    forces_kj_per_mol_nm: FloatArray, *, masses_amu: npt.ArrayLike, timestep_ps: float
) -> FloatArray:
    """Compute (dt/2) F/m, by which the velocities of leapfrog lie behind its positions.

    Args:
        forces_kj_per_mol_nm: (..., N, 3), kJ/mol/nm; divided by amu these are nm/ps².
        masses_amu: (N,), amu.
        timestep_ps: dt.

    Returns:
        (..., N, 3), nm/ps; zero for particles without mass, which OpenMM does not move.
    """
    masses = np.asarray(masses_amu, dtype=np.float64)
    inverse = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0.0)
    return np.asarray(0.5 * timestep_ps * forces_kj_per_mol_nm * inverse[:, None])


def half_kick_angstrom_per_ps(context: openmm.Context) -> FloatArray:
    """Compute (dt/2) F/m where a Context stands, with the timestep of its integrator.

    Args:
        context: with positions set.

    Returns:
        (N, 3), Å/ps.
    """
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
    """Set velocities at the time of the positions in a Simulation of ``VerletIntegrator``.

    OpenMM's leapfrog takes the velocities it is given for those half a step earlier:
    v(t+dt/2) = v(t−dt/2) + dt F(t)/m.  So half a kick is taken back,
    v(t−dt/2) = v(t) − (dt/2) F(t)/m, and the kinetic energy at t is that of the velocities given.

    Args:
        simulation: with positions set and a ``VerletIntegrator``.
        velocities_angstrom_per_ps: (N, 3), Å/ps, at the time of the positions.
    """
    context = simulation.context
    before = velocities_angstrom_per_ps - half_kick_angstrom_per_ps(context)
    context.setVelocities(nm_from_angstrom(before))


def removable_rotations(system: openmm.System, *, minimum_angstrom: FloatArray) -> int:
    """Return how many rotations of a System are no internal motion.

    Args:
        system: what is run.
        minimum_angstrom: the structure it starts from, (N, 3), Å.

    Returns:
        0 where anything is periodic, else those of :func:`rotation_count`.
    """
    if not is_isolated(system):
        return 0
    return rotation_count(minimum_angstrom, masses_amu=masses_amu(system))


def thermal_velocities(
    masses_amu: FloatArray, *, temperature_kelvin: float, seed: int
) -> FloatArray:
    """Draw Maxwell–Boltzmann velocities: each component is normal with variance k_B T / m.

    Args:
        masses_amu: (N,), amu.
        temperature_kelvin: T.
        seed: equal seeds give equal velocities.

    Returns:
        (N, 3), Å/ps.
    """
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
    with the largest moments.  Of a molecule that is linear at its minimum, the angular momentum
    about the line stays: where the molecule is bent, it is that of its bending vibration.

    Args:
        velocities_angstrom_per_ps: (N, 3), Å/ps.
        positions_angstrom: (N, 3), Å.
        masses_amu: (N,), amu.
        rotations: how many, from :func:`removable_rotations`.

    Returns:
        (N, 3), Å/ps; the linear momentum and the angular momentum about those axes are zero.
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
    # Atoms without mass carry no momentum and stay where they are.
    return np.where(masses_amu[:, None] > 0.0, velocities, velocities_angstrom_per_ps)


def nve_degrees_of_freedom(system: openmm.System, *, rotations: int) -> int:
    """Return how many degrees of freedom :func:`without_rigid_motion` leaves.

    Three less than OpenMM counts (where no ``CMMotionRemover`` took them already), and the
    rotations less.

    Args:
        system: what is run.
        rotations: how many were removed.

    Returns:
        Their number, never negative.
    """
    count = degrees_of_freedom(system) - rotations
    if not any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces()):
        count -= 3
    return max(count, 0)
