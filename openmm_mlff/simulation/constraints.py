"""Distance constraints of a System: rigid water, bonds to hydrogen."""

import numpy as np
import numpy.typing as npt
import openmm
from scipy import sparse
from scipy.sparse.linalg import spsolve

from openmm_mlff.potentials.sites import are_atoms
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.units import ps_from_fs

TOLERANCE = 1e-6
"""Relative; OpenMM's default of 1e-5 causes visible drift in long NVE runs."""


def verlet_integrator(timestep_fs: float) -> openmm.VerletIntegrator:
    """Return the leapfrog integrator of NVE runs, with tight constraints."""
    integrator = openmm.VerletIntegrator(ps_from_fs(timestep_fs))
    integrator.setConstraintTolerance(TOLERANCE)
    return integrator


def langevin_integrator(
    *, temperature_kelvin: float, friction_per_ps: float, timestep_fs: float, seed: int
) -> openmm.LangevinMiddleIntegrator:
    """Return the integrator of NVT runs, with tight constraints.

    OpenMM interprets the seed 0 as "any".
    """
    integrator = openmm.LangevinMiddleIntegrator(
        temperature_kelvin, friction_per_ps, ps_from_fs(timestep_fs)
    )
    integrator.setRandomNumberSeed(seed)
    integrator.setConstraintTolerance(TOLERANCE)
    return integrator


def apply_constraints(context: openmm.Context) -> None:
    """Move atoms onto the constraints of a System, if it has any.

    PDB files have three decimals; without this the first step would jump, and so would the energy.
    """
    if context.getSystem().getNumConstraints():
        context.applyConstraints(TOLERANCE)


def constrained_pairs(system: openmm.System) -> npt.NDArray[np.int64]:
    """Return the pairs of constrained atoms, (K, 2) int64; virtual sites are not counted."""
    pairs = [
        system.getConstraintParameters(index)[:2] for index in range(system.getNumConstraints())
    ]
    places = np.cumsum(are_atoms(system)) - 1
    return places[np.array(pairs, dtype=np.int64).reshape(-1, 2)]


def along_constraints(
    forces: FloatArray, *, positions: FloatArray, pairs: npt.NDArray[np.int64]
) -> FloatArray:
    """Project forces onto the constraint surface: F − Gᵀ (G Gᵀ)⁻¹ G F.

    Row k of G is the gradient of the distance of pair k.  The result, in the unit of `forces`,
    vanishes at a constrained minimum.  Forces and positions are (N, 3), pairs (K, 2).
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
