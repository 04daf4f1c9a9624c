"""Are the forces the slope of the energy?"""

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.noise import measure_noise

STEPS_ANGSTROM = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
"""Each is a length in the space of all coordinates; the check chooses the best by the noise."""

GAUSS_POINTS = (12, 8)
"""Of the integral along a path, and of a coarser one that tells how good it is."""

LONGEST_PATH_ANGSTROM = 0.3
"""Of any atom: farther, atoms would be led through each other."""


def probe_force_consistency(subject: ProbeSubject) -> ProbeOutcome:
    """Difference energies in random directions, and integrate forces along paths.

    Args:
        subject: what to probe.

    Returns:
        `steps_angstrom` (H,), `differences` (H, G, K): (E(x+hd) − E(x−hd)) / 2h in eV/Å,
        `projected_forces` (G, K): F·d, and for W paths `work_energy_changes_ev`,
        `work_integrals_ev`, `work_integrals_coarse_ev` (W,): ΔE and ∫F·dl; `refused` (G,).
    """
    geometries = subject.geometries()
    directions = _directions(subject, count=len(geometries))
    arrays, requested, refused = _differences(subject, geometries, directions)
    return ProbeOutcome(
        data={"requested": requested, "refused": refused},
        arrays={**arrays, **_work(subject, geometries), **measure_noise(subject)},
    )


def _directions(subject: ProbeSubject, *, count: int) -> np.ndarray:
    """Draw orthonormal directions for each geometry, (G, K, N, 3)."""
    size = 3 * subject.molecule.n_atoms
    rng = np.random.default_rng(subject.seed)
    drawn = rng.normal(size=(count, size, min(subject.spec.directions, size)))
    orthonormal = np.linalg.qr(drawn)[0].swapaxes(1, 2)
    return orthonormal.reshape(count, -1, subject.molecule.n_atoms, 3)


def _differences(
    subject: ProbeSubject, geometries: np.ndarray, directions: np.ndarray
) -> tuple[dict[str, np.ndarray], int, int]:
    steps = np.array(STEPS_ANGSTROM)
    signed = np.concatenate([steps, -steps])[:, None, None, None, None]
    placed = geometries[:, None] + signed * directions
    asked = np.concatenate([geometries, placed.reshape(-1, *geometries.shape[1:])])
    found = evaluate_each(subject, subject.molecule, asked)
    count = len(geometries)
    forward, backward = found.energies_ev[count:].reshape(2, len(steps), count, -1)
    forces = found.forces_ev_per_angstrom[:count, None]
    arrays = {
        "steps_angstrom": steps,
        "differences": (forward - backward) / (2.0 * steps[:, None, None]),
        "projected_forces": (forces * directions).sum(axis=(2, 3)),
        "refused": found.refused[:count]
        | found.refused[count:].reshape(2 * len(steps), count, -1).any(axis=(0, 2)),
    }
    return arrays, len(asked), int(found.refused.sum())


def _work(subject: ProbeSubject, geometries: np.ndarray) -> dict[str, np.ndarray]:
    """Walk a straight way from each geometry towards the next."""
    starts = geometries
    ways = np.roll(geometries, -1, axis=0) - geometries
    longest = np.linalg.norm(ways, axis=2).max(axis=1)
    ways *= np.minimum(1.0, LONGEST_PATH_ANGSTROM / np.maximum(longest, 1e-12))[:, None, None]
    rules = [np.polynomial.legendre.leggauss(points) for points in GAUSS_POINTS]
    fractions = np.concatenate([[0.0, 1.0], *(0.5 * (nodes + 1.0) for nodes, _ in rules)])
    placed = starts[:, None] + fractions[:, None, None] * ways[:, None]
    found = evaluate_each(subject, subject.molecule, placed.reshape(-1, *starts.shape[1:]))
    energies_ev = found.energies_ev.reshape(len(starts), -1)
    forces = found.forces_ev_per_angstrom.reshape(placed.shape)
    along = (forces * ways[:, None]).sum(axis=(2, 3))[:, 2:]
    fine, coarse = np.split(along, [GAUSS_POINTS[0]], axis=1)
    return {
        "work_energy_changes_ev": energies_ev[:, 1] - energies_ev[:, 0],
        "work_integrals_ev": fine @ (0.5 * rules[0][1]),
        "work_integrals_coarse_ev": coarse @ (0.5 * rules[1][1]),
        "work_refused": found.refused.reshape(len(starts), -1).any(axis=1),
    }
