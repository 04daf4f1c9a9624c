"""How rough a potential is: energies and forces along a line too short for physics."""

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeSubject

LINE_STEP_ANGSTROM = 1e-5
LINE_POINTS = 9


def noise_line(
    positions_angstrom: np.ndarray,
    *,
    seed: int,
    points: int = LINE_POINTS,
    step_angstrom: float = LINE_STEP_ANGSTROM,
) -> np.ndarray:
    """Place points along a random direction: over 1e-5 Å steps what is no parabola is noise.

    Args:
        positions_angstrom: (N, 3), Å.
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


def measure_noise(subject: ProbeSubject) -> dict[str, np.ndarray]:
    """Evaluate the line through the minimum.

    Args:
        subject: what to probe.

    Returns:
        `noise_energies_ev` (9,) and `noise_forces` (9, N, 3), for the check's detection limit.
    """
    line = noise_line(subject.molecule.positions_angstrom, seed=subject.seed)
    found = evaluate_each(subject, subject.molecule, line)
    return {
        "noise_energies_ev": found.energies_ev,
        "noise_forces": found.forces_ev_per_angstrom,
    }
