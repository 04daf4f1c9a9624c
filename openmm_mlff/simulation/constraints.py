"""Distances that a System holds fixed: rigid water, bonds to hydrogen."""

import numpy as np
import numpy.typing as npt
import openmm
from openmm import unit
from scipy import sparse
from scipy.sparse.linalg import spsolve

from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.units import ps_from_fs

TOLERANCE = 1e-6
"""Relative error of a fixed distance; OpenMM's own 1e-5 shows as drift in long runs at constant
energy."""


def verlet_integrator(timestep_fs: float) -> openmm.VerletIntegrator:
    """Make the integrator of runs at constant energy.

    Args:
        timestep_fs: of a step.

    Returns:
        Leapfrog with tight constraints.
    """
    integrator = openmm.VerletIntegrator(ps_from_fs(timestep_fs))
    integrator.setConstraintTolerance(TOLERANCE)
    return integrator


def langevin_integrator(
    *, temperature_kelvin: float, friction_per_ps: float, timestep_fs: float, seed: int
) -> openmm.LangevinMiddleIntegrator:
    """Make the integrator of runs at constant temperature.

    Args:
        temperature_kelvin: of the thermostat.
        friction_per_ps: of the thermostat.
        timestep_fs: of a step.
        seed: of the noise; not zero, which OpenMM takes for "any".

    Returns:
        Langevin dynamics with tight constraints.
    """
    integrator = openmm.LangevinMiddleIntegrator(
        temperature_kelvin, friction_per_ps, ps_from_fs(timestep_fs)
    )
    integrator.setRandomNumberSeed(seed)
    integrator.setConstraintTolerance(TOLERANCE)
    return integrator


def apply_constraints(context: openmm.Context) -> None:
    """Move atoms onto the fixed distances, where a System has any.

    A PDB has three decimals; the first step would otherwise jump there, and the energy with it.

    Args:
        context: with positions set.
    """
    if context.getSystem().getNumConstraints():
        context.applyConstraints(TOLERANCE)


def constrained_pairs(system: openmm.System) -> npt.NDArray[np.int64]:
    """Give the pairs of atoms at fixed distances, (K, 2) int64."""
    pairs = [
        system.getConstraintParameters(index)[:2] for index in range(system.getNumConstraints())
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def largest_constraint_error(system: openmm.System, positions_angstrom: FloatArray) -> float:
    """Give the largest relative error of a fixed distance; 0 where there is none.

    Args:
        system: with constraints.
        positions_angstrom: (N, 3), Å.

    Returns:
        |r − d| / d.
    """
    pairs = constrained_pairs(system)
    if not len(pairs):
        return 0.0
    lengths = np.array(
        [
            system.getConstraintParameters(index)[2].value_in_unit(unit.angstrom)
            for index in range(len(pairs))
        ]
    )
    arms = positions_angstrom[pairs[:, 0]] - positions_angstrom[pairs[:, 1]]
    return float(np.abs(np.linalg.norm(arms, axis=1) / lengths - 1.0).max())


def along_constraints(
    forces: FloatArray, *, positions: FloatArray, pairs: npt.NDArray[np.int64]
) -> FloatArray:
    """Take out of forces what pulls at fixed distances: F − Gᵀ (G Gᵀ)⁻¹ G F.

    Row k of G is the gradient of the distance of pair k; what is left is the force along the
    surface on which the atoms may move, and vanishes at a minimum there.

    Args:
        forces: (N, 3).
        positions: (N, 3).
        pairs: (K, 2), from :func:`constrained_pairs`.

    Returns:
        (N, 3), in the unit of `forces`.
    """
    if not len(pairs):
        return forces
    arms = positions[pairs[:, 0]] - positions[pairs[:, 1]]
    arms /= np.linalg.norm(arms, axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(pairs)), 6)
    columns = (3 * pairs[:, :, None] + np.arange(3)).reshape(-1)
    values = np.stack([arms, -arms], axis=1).reshape(-1)
    gradient = sparse.csr_matrix((values, (rows, columns)), shape=(len(pairs), forces.size))
    multipliers = spsolve((gradient @ gradient.T).tocsc(), gradient @ forces.reshape(-1))
    return forces - (gradient.T @ multipliers).reshape(forces.shape)
