"""Relax many geometries of one system at once, with one dihedral angle held where requested.

All geometries advance together, so that a potential that evaluates batches is called once a step.
The minimiser is BFGS with a limited step and without a line search (Nocedal, Wright 2006,
"Numerical Optimization", eq. 6.17); it keeps an inverse Hessian of 9N² numbers a geometry.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Evaluate = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From positions (G, N, 3), Å, to energies (G,), eV, and forces, eV/Å; NaN where refused."""

_LONGEST_STEP_ANGSTROM = 0.2
_FIRST_CURVATURE_EV_PER_SQUARE_ANGSTROM = 70.0
"""Of the first step; the value of ASE's minimisers."""

_LEAST_CURVATURE_EV_PER_SQUARE_ANGSTROM = 0.05
"""A flatter direction is followed as if it had this curvature."""

_ANGLE_TOLERANCE_RADIANS = 1e-9


@dataclass(frozen=True)
class Dihedral:
    """The dihedral angle of atoms i, j, k, l, (G, 4), about j–k, held in each of G geometries."""

    atoms: npt.NDArray[np.intp]
    degrees: FloatArray

    def of(self, which: npt.NDArray[np.intp]) -> "Dihedral":
        """Return the angles of some of the geometries."""
        return Dihedral(self.atoms[which], self.degrees[which])


@dataclass(frozen=True)
class Relaxed:
    """G relaxed geometries; largest forces are without the force on the angle held.

    Energies are NaN where an evaluation was refused; `steps` are those of the slowest geometry.
    """

    positions_angstrom: FloatArray
    energies_ev: FloatArray
    largest_force_ev_per_angstrom: FloatArray
    converged: npt.NDArray[np.bool_]
    steps: int


def relax(
    evaluate: Evaluate,
    positions_angstrom: FloatArray,
    *,
    force_ev_per_angstrom: float,
    max_steps: int,
    held: Dihedral | None = None,
) -> Relaxed:
    """Relax geometries (G, N, 3), Å, until no force on an atom exceeds a tolerance.

    A geometry that has converged, or was refused, is not evaluated again, and none more than
    `max_steps` times.  Geometries are first brought to the angle that is held, if any.
    """
    positions = np.array(positions_angstrom, dtype=float)
    count = len(positions)
    energies, largest = np.full(count, np.nan), np.full(count, np.nan)
    active = np.arange(count)
    if held is not None:
        positions = _imposed(positions, held)
    newton = _Newton(count, positions[:1].size)
    steps = 0
    while len(active) and steps < max_steps:
        steps += 1
        found, forces = evaluate(positions[active])
        slopes = -np.asarray(forces, dtype=float)
        if held is not None:
            slopes = _without_turning(slopes, positions[active], held.of(active))
        energies[active] = found
        largest[active] = np.linalg.norm(slopes, axis=2).max(axis=1)
        moving = largest[active] > force_ev_per_angstrom
        active, slopes = active[moving], slopes[moving]
        if steps == max_steps or not len(active):
            break
        moves = newton.step(active, positions[active], slopes)
        if held is not None:
            moves = _without_turning(moves, positions[active], held.of(active))
        longest = np.linalg.norm(moves, axis=2).max(axis=1)
        moves *= np.minimum(1.0, _LONGEST_STEP_ANGSTROM / longest)[:, None, None]
        positions[active] += moves
        if held is not None:
            positions[active] = _imposed(positions[active], held.of(active))
    return Relaxed(positions, energies, largest, largest <= force_ev_per_angstrom, steps)


class _Newton:
    """Quasi-Newton steps: an inverse Hessian of each geometry, updated by BFGS."""

    def __init__(self, count: int, size: int) -> None:
        start = np.eye(size) / _FIRST_CURVATURE_EV_PER_SQUARE_ANGSTROM
        self._inverse = np.repeat(start[None], count, axis=0)
        self._last = np.zeros((2, count, size))
        self._begun = False

    def step(
        self, active: npt.NDArray[np.intp], positions: FloatArray, slopes: FloatArray
    ) -> FloatArray:
        """Return the next moves (A, N, 3) of the active geometries at positions with slopes."""
        placed, slope = positions.reshape(len(active), -1), slopes.reshape(len(active), -1)
        inverse = self._inverse[active]
        if self._begun:
            inverse = _updated(
                inverse, placed - self._last[0, active], slope - self._last[1, active]
            )
            self._inverse[active] = inverse
        self._last[0, active], self._last[1, active] = placed, slope
        self._begun = True
        return -np.einsum("gij,gj->gi", inverse, slope).reshape(slopes.shape)


def _updated(inverse: FloatArray, move: FloatArray, change: FloatArray) -> FloatArray:
    """Return inverse Hessians (A, D, D) updated by moves (A, D) and the changes of slope.

    A curvature below zero is taken by its magnitude, so that steps lead downhill.
    """
    square, rise = _dot(move, move), _dot(move, change)
    wanted = np.maximum(np.abs(rise), _LEAST_CURVATURE_EV_PER_SQUARE_ANGSTROM * square)
    change = change + ((wanted - rise) / square)[:, None] * move
    bent = np.einsum("gij,gj->gi", inverse, change)
    share = (1.0 + _dot(change, bent) / wanted) / wanted
    mixed = np.einsum("gi,gj->gij", bent / wanted[:, None], move)
    square_part = np.einsum("gi,gj->gij", share[:, None] * move, move)
    return np.asarray(inverse + square_part - mixed - mixed.transpose(0, 2, 1))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("gd,gd->g", a, b))


def dihedral(
    positions_angstrom: FloatArray, atoms: npt.NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Return dihedral angles, radians, (G,), and their gradients, radians/Å, (G, 4, 3).

    See :func:`openmm_mlff.molecules.torsions.dihedral_gradient`, for one geometry; here gradients
    are not finite where three of the `atoms`, i, j, k, l, (G, 4), are in line.
    """
    listed = positions_angstrom[np.arange(len(atoms))[:, None], atoms]
    i, j, k, end = listed.transpose(1, 0, 2)
    f, g, h = i - j, j - k, end - k
    a, b = np.cross(f, g), np.cross(h, g)
    length = np.linalg.norm(g, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        a_scaled = a / np.sum(a * a, axis=1, keepdims=True)
        b_scaled = b / np.sum(b * b, axis=1, keepdims=True)
        shift = a_scaled * np.sum(f * g, axis=1, keepdims=True) / length
        shift -= b_scaled * np.sum(h * g, axis=1, keepdims=True) / length
        angles = np.arctan2(
            np.sum(np.cross(b, a) * g, axis=1) / length[:, 0], np.sum(a * b, axis=1)
        )
        first, last = -length * a_scaled, length * b_scaled
    return angles, np.stack([first, shift - first, -shift - last, last], axis=1)


def _without_turning(vectors: FloatArray, positions: FloatArray, held: Dihedral) -> FloatArray:
    """Return (G, N, 3) without the part that changes the angle."""
    projected, listed = vectors.copy(), (np.arange(len(vectors))[:, None], held.atoms)
    _, gradient = dihedral(positions, held.atoms)
    share = np.sum(gradient * vectors[listed], axis=(1, 2)) / np.sum(gradient**2, axis=(1, 2))
    projected[listed] -= share[:, None, None] * gradient
    return projected


def _imposed(positions: FloatArray, held: Dihedral) -> FloatArray:
    """Return positions (G, N, 3) moved to the angle along its gradient."""
    placed, listed = positions.copy(), (np.arange(len(positions))[:, None], held.atoms)
    wanted = np.radians(held.degrees)
    for _ in range(20):
        angles, gradient = dihedral(placed, held.atoms)
        missing = (wanted - angles + np.pi) % (2.0 * np.pi) - np.pi
        if not np.any(np.abs(missing) > _ANGLE_TOLERANCE_RADIANS):
            break
        share = missing / np.sum(gradient**2, axis=(1, 2))
        placed[listed] += share[:, None, None] * gradient
    return placed
