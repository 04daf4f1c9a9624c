"""The start of an NVE run: no rigid motion, and velocities where leapfrog wants them."""

import numpy as np
import openmm
from openmm import app, unit

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.reporters.quantities import (
    FloatArray,
    degrees_of_freedom,
    forces_ev_per_angstrom,
    masses_amu,
)
from openmm_mlff.simulation.contexts import is_isolated
from openmm_mlff.units import EV_PER_AMU_ANGSTROM2_PER_PS2, nm_from_angstrom

LINEAR_INERTIA_RATIO = 1e-9
"""A principal moment of inertia below this times the largest is that of a line of atoms: about
that axis there is no rotation to remove."""


def set_start_velocities(
    simulation: app.Simulation, velocities_angstrom_per_ps: FloatArray
) -> None:
    """Hand velocities at the time of the positions over to ``VerletIntegrator``.

    OpenMM's leapfrog takes the velocities it is given for those half a step earlier:
    v(t+dt/2) = v(t−dt/2) + dt F(t)/m.  So half a kick is taken back,
    v(t−dt/2) = v(t) − (dt/2) F(t)/m, and the kinetic energy at t is that of the velocities given.

    Args:
        simulation: with positions set and a ``VerletIntegrator``.
        velocities_angstrom_per_ps: (N, 3), Å/ps, at the time of the positions.
    """
    context = simulation.context
    forces = forces_ev_per_angstrom(context.getState(forces=True))
    masses = masses_amu(simulation.system)
    # OpenMM does not move particles without mass.
    inverse_masses = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0.0)
    acceleration = forces * inverse_masses[:, None] / EV_PER_AMU_ANGSTROM2_PER_PS2
    timestep_ps = context.getIntegrator().getStepSize().value_in_unit(unit.picosecond)
    half_kick = 0.5 * timestep_ps * acceleration
    context.setVelocities(nm_from_angstrom(velocities_angstrom_per_ps - half_kick))


def without_rigid_motion(
    velocities_angstrom_per_ps: FloatArray,
    *,
    positions_angstrom: FloatArray,
    masses_amu: FloatArray,
    isolated: bool,
) -> FloatArray:
    """Remove the motion of the centre of mass and, of an isolated molecule, the rotation.

    v' = v − v_c − ω × (x − x_c) with I ω = L about the centre of mass.  For atoms on a line, I is
    singular and ω has no component along it.

    Args:
        velocities_angstrom_per_ps: (N, 3), Å/ps.
        positions_angstrom: (N, 3), Å.
        masses_amu: (N,), amu.
        isolated: whether nothing is periodic.

    Returns:
        (N, 3), Å/ps; linear and (isolated) angular momentum are zero.
    """
    linear, angular = momenta(
        positions_angstrom,
        velocities_angstrom_per_ps=velocities_angstrom_per_ps,
        masses_amu=masses_amu,
    )
    velocities = velocities_angstrom_per_ps - linear / masses_amu.sum()
    if isolated:
        arms, inertia = _inertia(positions_angstrom, masses_amu=masses_amu)
        omega = np.linalg.pinv(inertia, rcond=LINEAR_INERTIA_RATIO, hermitian=True) @ angular
        velocities = velocities - np.cross(omega, arms)
    # Atoms without mass carry no momentum and stay where they are.
    return np.where(masses_amu[:, None] > 0.0, velocities, velocities_angstrom_per_ps)


def nve_degrees_of_freedom(system: openmm.System, *, positions_angstrom: FloatArray) -> int:
    """Count what is left to move after :func:`without_rigid_motion`.

    Three less than OpenMM counts (where no ``CMMotionRemover`` took them already) and, of an
    isolated molecule, three rotations less, two where its atoms stand on a line, none of an atom.

    Args:
        system: what is run.
        positions_angstrom: where the motion was removed, (N, 3), Å.

    Returns:
        Their number, never negative.
    """
    count = degrees_of_freedom(system)
    if not any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces()):
        count -= 3
    if is_isolated(system):
        _, inertia = _inertia(positions_angstrom, masses_amu=masses_amu(system))
        count -= int(np.linalg.matrix_rank(inertia, rtol=LINEAR_INERTIA_RATIO, hermitian=True))
    return max(count, 0)


def _inertia(
    positions_angstrom: FloatArray, *, masses_amu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Give the arms from the centre of mass, (N, 3), Å, and the inertia, (3, 3), amu Å²."""
    arms = positions_angstrom - masses_amu @ positions_angstrom / masses_amu.sum()
    squares = (arms**2).sum(axis=1)
    inertia = (masses_amu @ squares) * np.eye(3) - (arms * masses_amu[:, None]).T @ arms
    return arms, inertia
