"""The noise of energies and forces, from two lines too short for physics."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.storage.shared import Noise

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

LINE_STEP_ANGSTROM = 1e-5
LINE_POINTS = 9

LONG_LINE_STEP_ANGSTROM = 1e-3
LONG_LINE_POINTS = 41
LONG_LINE_DEGREE = 6
"""Beyond this degree a smooth surface has less than 1e-10 eV along 0.04 Å."""


def line_through(
    positions_angstrom: np.ndarray, *, seed: int, points: int, step_angstrom: float
) -> np.ndarray:
    """Return geometries along a random direction.

    Args:
        positions_angstrom: the middle, (N, 3), Å.
        seed: of the direction.
        points: how many, M.
        step_angstrom: between two of them, as a length in the space of all coordinates.

    Returns:
        (M, N, 3), Å.
    """
    direction = np.random.default_rng(seed).normal(size=positions_angstrom.shape)
    direction /= np.linalg.norm(direction)
    offsets = step_angstrom * (np.arange(points) - points // 2)
    return positions_angstrom + offsets[:, None, None] * direction


def measure_noise(subject: "Subject") -> Noise:
    """Evaluate a line through the minimum and a longer one beside it.

    Args:
        subject: what is measured.

    Returns:
        The noise.
    """
    line = subject.evaluate(
        line_through(
            subject.molecule.positions_angstrom,
            seed=subject.seed,
            points=LINE_POINTS,
            step_angstrom=LINE_STEP_ANGSTROM,
        )
    )
    long_line = subject.evaluate(
        line_through(
            subject.displaced(1)[0],
            seed=subject.seed,
            points=LONG_LINE_POINTS,
            step_angstrom=LONG_LINE_STEP_ANGSTROM,
        )
    )
    forces = line.forces_ev_per_angstrom
    return Noise(
        line_energies_ev=line.energies_ev,
        line_forces_ev_per_angstrom=forces,
        energy_ev=residual(line.energies_ev[:, None], degree=2),
        force_ev_per_angstrom=residual(forces.reshape(len(forces), -1), degree=1),
        long_line_energies_ev=long_line.energies_ev,
        long_line_energy_ev=residual(long_line.energies_ev[:, None], degree=LONG_LINE_DEGREE),
        refused=int(line.refused.sum() + long_line.refused.sum()),
    )


def residual(values: np.ndarray, *, degree: int) -> float:
    """Return the standard deviation that a polynomial leaves, pooled over the columns.

    Args:
        values: (M, columns), at evenly spaced points.
        degree: of the polynomial.

    Returns:
        In the unit of the values; NaN where a value is not finite.
    """
    if not np.isfinite(values).all():
        return float("nan")
    place = np.linspace(-1.0, 1.0, len(values))
    powers = np.vander(place, degree + 1)
    centred = values - values.mean(axis=0)
    rest = centred - powers @ np.linalg.lstsq(powers, centred, rcond=None)[0]
    freedom = (len(values) - degree - 1) * values.shape[1]
    return float(np.sqrt(np.sum(rest**2) / freedom))
