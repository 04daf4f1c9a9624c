"""What changes when a molecule is moved, turned or mirrored: nothing should."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.probes.evaluation import Points, evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.noise import measure_noise

Operation = tuple[np.ndarray, np.ndarray]
"""An orthogonal matrix (3, 3), applied about the centroid, and a shift (3,) in Å."""


def probe_operations(
    subject: ProbeSubject, operations: Sequence[Operation], *, data: dict[str, Any] | None = None
) -> ProbeOutcome:
    """Apply each operation to every geometry and compare with the unmoved one.

    Args:
        subject: what to probe.
        operations: O of them.
        data: to be kept beside the arrays.

    Returns:
        `energy_changes_ev` (O, G), `force_changes` (O, G, N, 3), the forces turned back, and
        `refused` (O, G).
    """
    geometries = subject.geometries()
    moved = np.stack([apply_operation(geometries, operation) for operation in operations])
    turned = [np.eye(3), *(matrix for matrix, _ in operations)]
    found = evaluate_turned(subject, np.concatenate([geometries[None], moved]), turned)
    shape = (len(operations) + 1, len(geometries))
    energies_ev = found.energies_ev.reshape(shape)
    forces = found.forces_ev_per_angstrom.reshape(*shape, -1, 3)
    refused = found.refused.reshape(shape)
    turned_back = np.stack(
        [force @ matrix for force, (matrix, _) in zip(forces[1:], operations, strict=True)]
    )
    return ProbeOutcome(
        data={**(data or {}), **found.refusals()},
        arrays={
            "energy_changes_ev": energies_ev[1:] - energies_ev[0],
            "force_changes": turned_back - forces[0],
            "refused": refused[1:] | refused[0],
            **measure_noise(subject),
        },
    )


def cannot_be_turned(subject: ProbeSubject) -> ProbeOutcome | None:
    """Say so where the potential takes boxes in OpenMM's own orientation only.

    Args:
        subject: what to probe.

    Returns:
        Not applicable, or None where it can be asked.
    """
    if subject.molecule.is_periodic and not subject.potential.box_is_free:
        return not_applicable(f"{subject.potential.spec} takes a box only as OpenMM orients it")
    return None


def evaluate_turned(
    subject: ProbeSubject, positions_angstrom: np.ndarray, matrices: Sequence[np.ndarray]
) -> Points:
    """Evaluate geometries in boxes that were turned with them.

    Args:
        subject: what to probe.
        positions_angstrom: (O, G, N, 3), Å.
        matrices: O orthogonal matrices that were applied.

    Returns:
        O × G points, in one call where there is no box.
    """
    flat = positions_angstrom.reshape(-1, *positions_angstrom.shape[2:])
    cell = subject.molecule.cell_angstrom
    if cell is None:
        return evaluate_each(subject, subject.molecule, flat)
    # The atoms of the turned box are given with it: those of the other lie in it anyhow.
    boxes = [
        subject.molecule.with_cell(turned_cell(cell, matrix), positions_angstrom=placed[0])
        for placed, matrix in zip(positions_angstrom, matrices, strict=True)
    ]
    parts = [
        evaluate_each(subject, box, placed)
        for box, placed in zip(boxes, positions_angstrom, strict=True)
    ]
    return Points(
        np.concatenate([part.energies_ev for part in parts]),
        np.concatenate([part.forces_ev_per_angstrom for part in parts]),
        np.concatenate([part.refused for part in parts]),
        tuple(reason for part in parts for reason in part.reasons),
    )


def turned_cell(cell_angstrom: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turn or mirror a box; a mirrored one is named by the opposite vectors, which span the same.

    Args:
        cell_angstrom: (3, 3), Å, rows.
        matrix: orthogonal, (3, 3).

    Returns:
        (3, 3), Å, right-handed.
    """
    return np.asarray(np.sign(np.linalg.det(matrix)) * cell_angstrom @ matrix.T)


def apply_operation(positions_angstrom: np.ndarray, operation: Operation) -> np.ndarray:
    """Turn geometries about their centroids, then shift them.

    Args:
        positions_angstrom: (G, N, 3), Å.
        operation: matrix and shift.

    Returns:
        (G, N, 3), Å.
    """
    matrix, shift = operation
    centres = positions_angstrom.mean(axis=1, keepdims=True)
    return (positions_angstrom - centres) @ matrix.T + centres + shift
