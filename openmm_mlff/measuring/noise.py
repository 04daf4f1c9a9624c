"""The noise of energies and forces, from lines along which they are smooth curves."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.granularity import energy_quantum_ev
from openmm_mlff.storage.shared import Noise

if TYPE_CHECKING:
    from openmm_mlff.measuring.evaluation import Points
    from openmm_mlff.measuring.subject import Subject

SHORT_LINE_ANGSTROM, SHORT_LINE_POINTS, SHORT_LINE_DEGREE = 1e-4, 17, 2
LONG_LINE_ANGSTROM, LONG_LINE_POINTS, LONG_LINE_DEGREE = 1e-2, 41, 6
"""Beyond these degrees smooth energies and forces have less than 1e-10 eV and eV/Å."""


def places_on_line(points: int) -> np.ndarray:
    """Return Chebyshev's nodes, −1 to 1: evenly spaced energies of a slope would look granular."""
    return -np.cos(np.pi * (np.arange(points) + 0.5) / points)


def measure_noise(subject: "Subject") -> Noise:
    """Evaluate two lines through a displaced geometry, along its forces, if it has any.

    That is the steepest direction: 3 eV/Å over 0.01 Å cross ten stairs of 3 meV.
    """
    middle = subject.displaced(1)[0]
    direction = subject.evaluate(middle).forces_ev_per_angstrom
    if not (np.isfinite(direction).all() and direction.any()):
        direction = np.random.default_rng(subject.seed).normal(size=middle.shape)
    direction = direction / np.linalg.norm(direction)
    lines = (SHORT_LINE_ANGSTROM, SHORT_LINE_POINTS), (LONG_LINE_ANGSTROM, LONG_LINE_POINTS)
    short, long = (
        subject.evaluate(middle + 0.5 * length * places_on_line(points)[:, None, None] * direction)
        for length, points in lines
    )
    return Noise(
        short_line_energies_ev=short.energies_ev,
        short_line_forces_ev_per_angstrom=short.forces_ev_per_angstrom,
        long_line_energies_ev=long.energies_ev,
        long_line_forces_ev_per_angstrom=long.forces_ev_per_angstrom,
        energy_ev=residual_beside_jump(long.energies_ev, degree=LONG_LINE_DEGREE),
        energy_quantum_ev=energy_quantum_ev(long.energies_ev),
        short_line_force_ev_per_angstrom=_force_residual(short, degree=SHORT_LINE_DEGREE),
        long_line_force_ev_per_angstrom=_force_residual(long, degree=LONG_LINE_DEGREE),
        refused=int(short.refused.sum() + long.refused.sum()),
    )


def _force_residual(line: "Points", *, degree: int) -> float:
    forces = line.forces_ev_per_angstrom
    return residual(forces.reshape(len(forces), -1), degree=degree)


def residual(values: np.ndarray, *, degree: int, jump: int | None = None) -> float:
    """Return the standard deviation of values (M, columns) from a polynomial, over all columns.

    The values are at :func:`places_on_line`.  The height of a jump before the value of index `jump`
    is fitted, too.  NaN where a value is not finite.
    """
    if not np.isfinite(values).all():
        return float("nan")
    curves = np.polynomial.chebyshev.chebvander(places_on_line(len(values)), degree)
    if jump is not None:
        curves = np.column_stack([curves, np.arange(len(values)) >= jump])
    centred = values - values.mean(axis=0)
    rest = centred - curves @ np.linalg.lstsq(curves, centred, rcond=None)[0]
    freedom = (len(values) - curves.shape[1]) * values.shape[1]
    return float(np.sqrt(np.sum(rest**2) / freedom))


def residual_beside_jump(values: np.ndarray, *, degree: int) -> float:
    """Return the residual of (M,) values, with one jump between two of them fitted.

    A jump at a cutoff is not noise: it is at one place, and would be lost in the noise.
    """
    jumps = [None, *range(1, len(values))]
    return min(residual(values[:, None], degree=degree, jump=jump) for jump in jumps)
