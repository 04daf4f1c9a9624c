"""Operations that must change neither energy nor forces: how they are measured and judged."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, judged
from openmm_mlff.checks.inputs import largest, largest_norm, refusal_note, too_many_refused
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

DETECTABLE_SIGMAS = 3.0
"""A difference is detectable from three standard deviations of the noise on."""

Operation = tuple[np.ndarray, np.ndarray]
"""An orthogonal matrix (3, 3), applied about the centroid, and a shift (3,) in Å."""


@record
class Noisy:
    """What every record of differences holds.

    Attributes:
        energy_noise_ev: standard deviation of an energy's noise.
        force_noise_ev_per_angstrom: of a force component's.
        refusals: why the potential refused, for the first points.
    """

    energy_noise_ev: float
    force_noise_ev_per_angstrom: float
    refusals: tuple[str, ...] = ()


@record
class Changes(Noisy):
    """What O operations change at G geometries of N atoms.

    Attributes:
        energy_changes_ev: E after − E before.
        force_changes: F after, moved back, − F before, eV/Å.
        refused: where the potential refused either point.
    """

    energy_changes_ev: np.ndarray = array("operations", "geometries")
    force_changes: np.ndarray = array("operations", "geometries", "N", 3)
    refused: np.ndarray = array("operations", "geometries")


def noise_of(subject: "Subject") -> dict[str, Any]:
    """Return the fields of :class:`Noisy` that the shared noise fills."""
    noise = subject.noise
    return {
        "energy_noise_ev": noise.energy_ev,
        "force_noise_ev_per_angstrom": noise.force_ev_per_angstrom,
    }


def without_orientation(subject: "Subject") -> NotApplicable | None:
    """Return why a subject cannot be rotated or mirrored; None where it can."""
    molecule = subject.molecule
    if molecule.is_periodic and not subject.potential.box_is_free:
        return NotApplicable("the potential takes a box only as OpenMM orients it")
    if molecule.n_atoms == 1 and not molecule.is_periodic:
        return NotApplicable("one atom has no orientation")
    return None


def measure_operations(subject: "Subject", operations: Sequence[Operation]) -> Changes:
    """Apply each operation to every geometry and compare with the original."""
    geometries = subject.geometries()
    placed = np.stack([geometries, *(apply_operation(geometries, each) for each in operations)])
    matrices = [np.eye(3), *(matrix for matrix, _ in operations)]
    energies_ev, forces, refused, reasons = evaluate_rotated(subject, placed, matrices)
    return compare_with_first(
        subject,
        energies_ev=energies_ev,
        forces=np.stack([force @ matrix for force, matrix in zip(forces, matrices, strict=True)]),
        refused=refused,
        refusals=reasons,
    )


def compare_with_first(
    subject: "Subject",
    *,
    energies_ev: np.ndarray,
    forces: np.ndarray,
    refused: np.ndarray,
    refusals: tuple[str, ...],
) -> Changes:
    """Return what changes against the first row, the geometries before any operation."""
    return Changes(
        energy_changes_ev=energies_ev[1:] - energies_ev[0],
        force_changes=forces[1:] - forces[0],
        refused=refused[1:] | refused[0],
        refusals=refusals,
        **noise_of(subject),
    )


def evaluate_rotated(
    subject: "Subject", positions_angstrom: np.ndarray, matrices: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Evaluate geometries in boxes that are rotated with them.

    Args:
        subject: what is measured.
        positions_angstrom: (O, G, N, 3), Å.
        matrices: O orthogonal matrices that were applied.

    Returns:
        Energies (O, G), forces (O, G, N, 3), refusals (O, G) and their reasons.
    """
    shape = positions_angstrom.shape[:2]
    cell = subject.molecule.cell_angstrom
    if cell is None or all(np.array_equal(matrix, np.eye(3)) for matrix in matrices):
        parts = [subject.evaluate(positions_angstrom.reshape(-1, *positions_angstrom.shape[2:]))]
    else:
        # A mirrored cell is named by the opposite vectors, which span the same lattice.
        cells = [np.sign(np.linalg.det(matrix)) * cell @ matrix.T for matrix in matrices]
        parts = [
            subject.evaluate(
                placed,
                molecule=subject.molecule.with_cell(rotated, positions_angstrom=placed[0]),
            )
            for rotated, placed in zip(cells, positions_angstrom, strict=True)
        ]
    return (
        np.concatenate([part.energies_ev for part in parts]).reshape(shape),
        np.concatenate([part.forces_ev_per_angstrom for part in parts]).reshape(
            positions_angstrom.shape
        ),
        np.concatenate([part.refused for part in parts]).reshape(shape),
        tuple(reason for part in parts for reason in part.reasons)[:10],
    )


def apply_operation(positions_angstrom: np.ndarray, operation: Operation) -> np.ndarray:
    """Rotate geometries (G, N, 3) about their centroids, then shift them."""
    matrix, shift = operation
    centres = positions_angstrom.mean(axis=1, keepdims=True)
    return (positions_angstrom - centres) @ matrix.T + centres + shift


def judge_changes(
    record: Changes, limits: Limits, *, move: str, keep: int | None = None
) -> Judgement:
    """Judge how far energies and forces change.

    Args:
        record: the changes.
        limits: ``energy`` (meV/atom), ``forces`` (meV/Å).
        move: subject of the sentence: "rotating the system".
        keep: judge only the first operations; None judges all.

    Returns:
        PASS where the largest changes are within the limits.
    """
    undecided = too_many_refused(record.refused[:keep], reasons=record.refusals)
    if undecided is not None:
        return undecided
    n_atoms = record.force_changes.shape[2]
    energy = record.energy_changes_ev * MEV_PER_EV / n_atoms
    forces = record.force_changes * MEV_PER_EV
    judged_points = ~record.refused[:keep]
    return judged(
        [
            Measure(
                f"{move} changes the energy by up to",
                largest(energy[:keep][judged_points]),
                limits["energy"],
            ),
            Measure(
                f"{move} changes the forces by up to",
                largest_norm(forces[:keep][judged_points]),
                limits["forces"],
            ),
        ],
        evidence={
            "energy_mev_per_atom_by_operation": _largest_by_row(np.abs(energy), record.refused),
            "forces_mev_per_angstrom_by_operation": _largest_by_row(
                np.linalg.norm(forces, axis=-1).max(axis=-1), record.refused
            ),
            "geometries": energy.shape[1],
            **detection_limit(
                record.energy_noise_ev, record.force_noise_ev_per_angstrom, n_atoms=n_atoms
            ),
        },
        note=refusal_note(record.refused),
    )


def _largest_by_row(values: np.ndarray, refused: np.ndarray) -> list[float]:
    """Return the largest value of each row without refused points; NaN stays."""
    shown = np.where(refused, -np.inf, values)
    return [float(row.max()) if np.isfinite(row).any() else float("nan") for row in shown]


def detection_limit(
    energy_noise_ev: float, force_noise_ev_per_angstrom: float, *, n_atoms: int
) -> Mapping[str, Any]:
    """Return three standard deviations of the noise of a difference of two evaluations."""
    factor = DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    return {
        "detection_limit": {
            "energy_mev_per_atom": factor * energy_noise_ev / n_atoms,
            "forces_mev_per_angstrom": factor * force_noise_ev_per_angstrom,
        }
    }
