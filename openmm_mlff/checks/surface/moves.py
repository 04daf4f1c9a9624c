"""Operations that must change neither energy nor forces: how they are measured and judged."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, judged
from openmm_mlff.checks.inputs import largest, largest_norm, refusal_note, too_many_refused
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Points, Subject

DETECTABLE_SIGMAS = 3.0  # a difference is detectable from three standard deviations of the noise on

Operation = tuple[np.ndarray, np.ndarray]
"""An orthogonal matrix (3, 3), applied about the centroid, and a shift (3,) in Å."""


@record
class Noisy:
    """Fields of every record of differences.

    Attributes:
        energy_noise_ev: standard deviation of an energy.
        force_noise_ev_per_angstrom: standard deviation of a force component.
        refusals: why the potential refused the first refused points.
    """

    energy_noise_ev: float
    force_noise_ev_per_angstrom: float
    refusals: tuple[str, ...] = ()

    def detection_limit(self, *, n_atoms: int) -> dict[str, float]:
        """Return three standard deviations of the noise of a difference of two evaluations."""
        factor = DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
        return {
            "energy_mev_per_atom": factor * self.energy_noise_ev / n_atoms,
            "forces_mev_per_angstrom": factor * self.force_noise_ev_per_angstrom,
        }


@record
class Changes(Noisy):
    """What each operation changes at geometries of N atoms.

    Attributes:
        energy_changes_ev: E after − E before.
        force_changes: F after, moved back, − F before, eV/Å.
        refused: where either was refused.
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
    matrices = np.stack([np.eye(3), *(matrix for matrix, _ in operations)])
    found = evaluate_rotated(subject, placed, matrices)
    forces = found.forces_ev_per_angstrom.reshape(placed.shape)
    return compare_with_first(subject, found, forces=forces @ matrices[:, None])


def compare_with_first(subject: "Subject", found: "Points", *, forces: np.ndarray) -> Changes:
    """Compare O operations at G geometries with the geometries themselves, which come first.

    `forces` are those of `found`, moved back, (1 + O, G, N, 3).
    """
    energies_ev = found.energies_ev.reshape(forces.shape[:2])
    refused = found.refused.reshape(forces.shape[:2])
    return Changes(
        energy_changes_ev=energies_ev[1:] - energies_ev[0],
        force_changes=forces[1:] - forces[0],
        refused=refused[1:] | refused[0],
        refusals=found.reasons,
        **noise_of(subject),
    )


def evaluate_rotated(
    subject: "Subject", positions_angstrom: np.ndarray, matrices: np.ndarray
) -> "Points":
    """Evaluate positions (O, G, N, 3) after orthogonal matrices (O, 3, 3), boxes rotated, too."""
    molecule, cell = subject.molecule, subject.molecule.cell_angstrom
    if cell is None or (matrices == np.eye(3)).all():
        return subject.evaluate(positions_angstrom.reshape(-1, *positions_angstrom.shape[2:]))
    # A mirrored cell is written with opposite vectors, which span the same lattice.
    cells = [np.sign(np.linalg.det(matrix)) * cell @ matrix.T for matrix in matrices]
    return joined(
        [
            subject.evaluate(placed, molecule=molecule.with_cell(box, positions_angstrom=placed[0]))
            for box, placed in zip(cells, positions_angstrom, strict=True)
        ]
    )


def joined(parts: Sequence["Points"]) -> "Points":
    """Return several evaluations as one, with the first ten reasons."""
    return replace(
        parts[0],
        energies_ev=np.concatenate([part.energies_ev for part in parts]),
        forces_ev_per_angstrom=np.concatenate([part.forces_ev_per_angstrom for part in parts]),
        refused=np.concatenate([part.refused for part in parts]),
        reasons=tuple(reason for part in parts for reason in part.reasons)[:10],
    )


def apply_operation(positions_angstrom: np.ndarray, operation: Operation) -> np.ndarray:
    """Rotate geometries (G, N, 3) about their centroids, then shift them."""
    matrix, shift = operation
    centres = positions_angstrom.mean(axis=1, keepdims=True)
    return (positions_angstrom - centres) @ matrix.T + centres + shift


def judge_changes(
    record: Changes, limits: Limits, *, move: str, keep: int | None = None
) -> Judgement:
    """Compare the largest changes with ``energy`` (meV/atom) and ``forces`` (meV/Å).

    `move` is the subject of the sentence; only the first `keep` operations are judged.
    """
    if undecided := too_many_refused(record.refused[:keep], reasons=record.refusals):
        return undecided
    n_atoms = record.force_changes.shape[2]
    energy = record.energy_changes_ev * MEV_PER_EV / n_atoms
    forces = record.force_changes * MEV_PER_EV
    known = ~record.refused[:keep]
    lengths = np.linalg.norm(forces, axis=-1).max(axis=-1)
    energy_change, force_change = largest(energy[:keep][known]), largest_norm(forces[:keep][known])
    return judged(
        [
            Measure(f"{move} changes the energy by up to", energy_change, limits["energy"]),
            Measure(f"{move} changes the forces by up to", force_change, limits["forces"]),
        ],
        evidence={
            "energy_mev_per_atom_by_operation": _largest_by_row(np.abs(energy), record.refused),
            "forces_mev_per_angstrom_by_operation": _largest_by_row(lengths, record.refused),
            "geometries": energy.shape[1],
            "detection_limit": record.detection_limit(n_atoms=n_atoms),
        },
        note=refusal_note(record.refused),
    )


def _largest_by_row(values: np.ndarray, refused: np.ndarray) -> list[float]:
    """Return the largest value of each row without refused points; NaN stays."""
    shown = np.where(refused, -np.inf, values)
    return [float(row.max()) if np.isfinite(row).any() else float("nan") for row in shown]
