"""Force Jacobians by central differences, at the minimum and at thermal frames."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.storage.shared import Hessian

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmm_mlff.measuring.evaluation import Points
    from openmm_mlff.measuring.subject import Subject

STEP_ANGSTROM = 1e-3

MOST_ATOMS = 150
"""Beyond this size only a sample of the atoms is displaced: all would cost 6N evaluations each."""

SAMPLED_ATOMS = 24


def measure_hessian(subject: "Subject") -> Hessian:
    """Compute the Jacobians: of all atoms, or of some where there are over :data:`MOST_ATOMS`."""
    geometries = subject.geometries()[: subject.spec.hessian_geometries]
    n_atoms = geometries.shape[1]
    atoms = np.arange(n_atoms)
    if n_atoms > MOST_ATOMS:
        rng = np.random.default_rng(subject.seed)
        atoms = np.sort(rng.choice(n_atoms, SAMPLED_ATOMS, replace=False))
    found = []
    for index, geometry in enumerate(geometries):
        subject.report("Hessian", index, len(geometries))
        found.append(
            force_jacobian(subject.evaluate, geometry, atoms=atoms, step_angstrom=STEP_ANGSTROM)
        )
    return Hessian(
        jacobians=np.stack([jacobian for jacobian, _, _ in found]),
        positions_angstrom=geometries,
        atoms=atoms,
        refused=np.array([refused for _, refused, _ in found]),
        step_angstrom=STEP_ANGSTROM,
        n_atoms=n_atoms,
        reasons=tuple(reason for _, _, reasons in found for reason in reasons)[:10],
    )


def force_jacobian(
    evaluate: "Callable[[np.ndarray], Points]",
    positions_angstrom: np.ndarray,
    *,
    atoms: np.ndarray,
    step_angstrom: float,
) -> tuple[np.ndarray, bool, tuple[str, ...]]:
    """Compute dF/dx of A atoms by central differences (F(x + h) − F(x − h)) / 2h at (N, 3), Å.

    Returns:
        (3A, 3A), eV/Å², NaN in columns that were refused; whether any was refused; and why.
    """
    columns = np.arange(3 * len(atoms))
    steps = np.zeros((len(columns), *positions_angstrom.shape))
    steps[columns, atoms[columns // 3], columns % 3] = step_angstrom
    points = evaluate(np.stack([positions_angstrom + steps, positions_angstrom - steps]))
    forces = points.forces_ev_per_angstrom[:, :, atoms].reshape(2, len(columns), len(columns))
    jacobian = (forces[0] - forces[1]).T / (2.0 * step_angstrom)
    return jacobian, bool(points.refused.any()), points.reasons
