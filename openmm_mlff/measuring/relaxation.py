"""Relax many geometries of one system at once, freely or with one dihedral angle of each held.

All geometries advance together, so that a potential that evaluates batches is called once a step.
The minimiser is BFGS with a limited step and without a line search (Nocedal, Wright 2006,
"Numerical Optimization", eq. 6.17); it keeps an inverse Hessian of 9N² numbers a geometry.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openmm_mlff.measuring.evaluation import Points
from openmm_mlff.molecules.torsions import dihedral_degrees, dihedral_gradient

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_LONGEST_STEP_ANGSTROM = 0.2
_FIRST_CURVATURE_EV_PER_SQUARE_ANGSTROM = 70.0  # of the first step; the value of ASE's minimisers

_LEAST_CURVATURE_EV_PER_SQUARE_ANGSTROM = 0.05
"""A flatter direction is followed as if it had this curvature."""

_ANGLE_TOLERANCE_RADIANS = 1e-9


@dataclass(frozen=True)
class Relaxed:
    """G relaxed geometries; the largest forces are without the force on the angle held.

    Energies and forces are those of the last evaluation, NaN where it was refused.
    """

    positions_angstrom: FloatArray
    energies_ev: FloatArray
    largest_force_ev_per_angstrom: FloatArray
    converged: npt.NDArray[np.bool_]


def relax(
    evaluate: Callable[[FloatArray], Points],
    positions_angstrom: FloatArray,
    *,
    force_ev_per_angstrom: float,
    max_steps: int,
    atoms: IntArray | None = None,
    degrees: FloatArray | None = None,
) -> Relaxed:
    """Relax geometries (G, N, 3), Å, until no force on an atom exceeds a tolerance.

    The dihedral angle of atoms i, j, k, l, (G, 4), is first brought to `degrees`, (G,), and held;
    without these, none is.
    A geometry that has converged, or was refused, is not evaluated again, and none more than
    `max_steps` times.
    """
    if atoms is None or degrees is None:
        count = len(positions_angstrom)
        atoms, degrees = np.empty((count, 0), dtype=int), np.zeros(count)
    positions = _imposed(positions_angstrom, atoms, degrees)
    count, size = len(positions), positions[:1].size
    energies, largest = np.full(count, np.nan), np.full(count, np.nan)
    inverse = np.repeat(np.eye(size)[None] / _FIRST_CURVATURE_EV_PER_SQUARE_ANGSTROM, count, axis=0)
    last = np.zeros((2, count, size))
    active = np.arange(count)
    for step in range(1, max_steps + 1):
        if not len(active):
            break
        points = evaluate(positions[active])
        slopes = -_without_turning(points.forces_ev_per_angstrom, positions[active], atoms[active])
        energies[active] = points.energies_ev
        largest[active] = np.linalg.norm(slopes, axis=2).max(axis=1)
        moving = largest[active] > force_ev_per_angstrom
        active, slopes = active[moving], slopes[moving]
        if step == max_steps or not len(active):
            break
        now = np.stack([positions[active], slopes]).reshape(2, len(active), size)
        if step > 1:
            inverse[active] = _updated(inverse[active], *(now - last[:, active]))
        last[:, active] = now
        moves = -np.einsum("gij,gj->gi", inverse[active], now[1]).reshape(slopes.shape)
        moves = _without_turning(moves, positions[active], atoms[active])
        longest = np.linalg.norm(moves, axis=2).max(axis=1)
        moves *= np.minimum(1.0, _LONGEST_STEP_ANGSTROM / longest)[:, None, None]
        positions[active] = _imposed(positions[active] + moves, atoms[active], degrees[active])
    return Relaxed(positions, energies, largest, largest <= force_ev_per_angstrom)


def _updated(inverse: FloatArray, move: FloatArray, change: FloatArray) -> FloatArray:
    """Return inverse Hessians (A, D, D) updated by moves (A, D) and the changes of slope.

    A curvature below zero is taken by its magnitude, so that steps lead downhill.
    """
    square, rise = (np.einsum("gd,gd->g", move, one) for one in (move, change))
    wanted = np.maximum(np.abs(rise), _LEAST_CURVATURE_EV_PER_SQUARE_ANGSTROM * square)
    change = change + ((wanted - rise) / square)[:, None] * move
    bent = np.einsum("gij,gj->gi", inverse, change)
    share = (1.0 + np.einsum("gd,gd->g", change, bent) / wanted) / wanted
    mixed = np.einsum("gi,gj->gij", bent / wanted[:, None], move)
    square_part = np.einsum("gi,gj->gij", share[:, None] * move, move)
    return np.asarray(inverse + square_part - mixed - mixed.transpose(0, 2, 1))


def _dihedrals(positions: FloatArray, atoms: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return dihedral angles, degrees, (G,), and their gradients, radian/Å, (G, 4, 3).

    Gradients are NaN where three of the atoms are in line.
    """
    angles, gradients = np.empty(len(atoms)), np.full((len(atoms), 4, 3), np.nan)
    for index, (placed, four) in enumerate(zip(positions, atoms, strict=True)):
        angles[index] = dihedral_degrees(placed, atoms=tuple(four))
        with suppress(ValueError):
            gradients[index] = dihedral_gradient(placed, atoms=tuple(four))
    return angles, gradients


def _without_turning(vectors: FloatArray, positions: FloatArray, atoms: IntArray) -> FloatArray:
    """Return (G, N, 3) without the part that changes the angle."""
    if not atoms.size:
        return vectors
    projected, listed = vectors.copy(), (np.arange(len(vectors))[:, None], atoms)
    _, gradient = _dihedrals(positions, atoms)
    share = np.sum(gradient * vectors[listed], axis=(1, 2)) / np.sum(gradient**2, axis=(1, 2))
    projected[listed] -= share[:, None, None] * gradient
    return projected


def _imposed(positions: FloatArray, atoms: IntArray, degrees: FloatArray) -> FloatArray:
    """Return positions (G, N, 3) moved to the angles along their gradients."""
    placed, listed = positions.copy(), (np.arange(len(positions))[:, None], atoms)
    for _ in range(20 if atoms.size else 0):
        angles, gradient = _dihedrals(placed, atoms)
        missing = np.radians((degrees - angles + 180.0) % 360.0 - 180.0)
        if not np.any(np.abs(missing) > _ANGLE_TOLERANCE_RADIANS):
            break
        share = missing / np.sum(gradient**2, axis=(1, 2))
        placed[listed] += share[:, None, None] * gradient
    return placed
