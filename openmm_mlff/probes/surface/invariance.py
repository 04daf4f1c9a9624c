"""What changes when a molecule is moved, turned or mirrored: nothing should."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
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
    asked = np.concatenate([geometries[None], moved]).reshape(-1, *geometries.shape[1:])
    found = evaluate_each(subject, subject.molecule, asked)
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
