"""Is the force Jacobian symmetric, as that of a gradient is?"""

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.noise import measure_noise

STEP_ANGSTROM = 1e-3

MOST_ATOMS = 24
"""Of a larger system so many atoms are drawn: any block on the diagonal must be symmetric."""


def probe_hessian_symmetry(subject: ProbeSubject) -> ProbeOutcome:
    """Work out dF/dx by central differences, at the minimum and at thermal frames.

    Args:
        subject: what to probe.

    Returns:
        `jacobians` (M, 3A, 3A), eV/Å², row: force, column: displaced coordinate, the minimum
        first, of A atoms drawn at random where there are many; `positions_angstrom` (M, N, 3);
        `refused` (M,).
    """
    geometries = subject.geometries()[: subject.spec.hessian_geometries]
    atoms = _sample(subject)
    size = 3 * len(atoms)
    steps = np.zeros((size, subject.molecule.n_atoms, 3))
    steps[:, atoms] = STEP_ANGSTROM * np.eye(size).reshape(size, -1, 3)
    placed = geometries[:, None, None] + np.stack([steps, -steps])
    found = evaluate_each(subject, subject.molecule, placed.reshape(-1, *geometries.shape[1:]))
    forces = found.forces_ev_per_angstrom[:, atoms].reshape(len(geometries), 2, size, size)
    jacobians = (forces[:, 0] - forces[:, 1]).swapaxes(1, 2) / (2.0 * STEP_ANGSTROM)
    return ProbeOutcome(
        data={"step_angstrom": STEP_ANGSTROM, "atoms": atoms.tolist(), **found.refusals()},
        arrays={
            "jacobians": jacobians,
            "positions_angstrom": geometries,
            "refused": np.any(found.refused.reshape(len(geometries), -1), axis=1),
            **measure_noise(subject),
        },
    )


def _sample(subject: ProbeSubject) -> np.ndarray:
    n_atoms = subject.molecule.n_atoms
    if n_atoms <= MOST_ATOMS:
        return np.arange(n_atoms)
    rng = np.random.default_rng(subject.seed)
    return np.sort(rng.choice(n_atoms, MOST_ATOMS, replace=False))
