"""Operations that must change neither energy nor forces: how they are measured and judged."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import largest, too_many_refused
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, two_copies
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Points

DETECTABLE_SIGMAS = 3.0  # a difference is detectable from three standard deviations of the noise on
IDENTITY, NO_SHIFT = np.eye(3)[None], np.zeros((1, 3))


@record
class Noisy:
    """Fields of every record of differences."""

    energy_noise_ev: float  # standard deviation of an energy
    force_noise_ev_per_angstrom: float  # standard deviation of a force component
    refusals: tuple[str, ...] = ()  # why the potential refused the first refused points

    def detection_limit(self, *, n_atoms: int) -> dict[str, float]:
        """Return three standard deviations of the noise of a difference of two evaluations."""
        factor = DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
        return {
            "energy_mev_per_atom": factor * self.energy_noise_ev / n_atoms,
            "forces_mev_per_angstrom": factor * self.force_noise_ev_per_angstrom,
        }


@record
class Changes(Noisy):
    """What each operation changes at geometries of N atoms."""

    energy_changes_ev: np.ndarray = array("operations", "geometries")  # E after − E before
    # F after, moved back, − F before, eV/Å
    force_changes: np.ndarray = array("operations", "geometries", "N", 3)
    refused: np.ndarray = array("operations", "geometries")  # where either was refused


def noise_of(subject: Subject) -> dict[str, Any]:
    """Return the fields of :class:`Noisy` that the shared noise fills."""
    noise = subject.noise
    return {
        "energy_noise_ev": noise.energy_ev,
        "force_noise_ev_per_angstrom": noise.force_ev_per_angstrom,
    }


def evaluate_boxes(subject: Subject, cells: np.ndarray, positions: np.ndarray) -> "Points":
    """Evaluate positions (O, ..., N, 3) in boxes (O, 3, 3), both Å; energies are (O, ...)."""
    parts = []
    for cell, placed in zip(cells, positions, strict=True):
        first = placed.reshape(-1, *placed.shape[-2:])[0]
        molecule = subject.molecule.with_cell(cell, positions_angstrom=first)
        parts.append(subject.evaluate(placed, molecule=molecule))
    return replace(
        parts[0],
        energies_ev=np.stack([part.energies_ev for part in parts]),
        forces_ev_per_angstrom=np.stack([part.forces_ev_per_angstrom for part in parts]),
        refused=np.stack([part.refused for part in parts]),
        reasons=tuple(reason for part in parts for reason in part.reasons)[:10],
    )


def two_boxes(molecule: MolecularSystem) -> MolecularSystem:
    """Return two boxes side by side along the first vector, as one system."""
    cell = np.asarray(molecule.cell_angstrom)
    wide = cell * np.array([[2.0], [1.0], [1.0]])
    return two_copies(molecule, shift_angstrom=cell[0], cell_angstrom=wide)


def without_orientation(subject: Subject) -> NotApplicable | None:
    """Return why a subject cannot be rotated or mirrored; None where it can."""
    molecule = subject.molecule
    if molecule.is_periodic and not subject.potential.box_is_free:
        return NotApplicable("the potential accepts a box only in OpenMM's orientation")
    if molecule.n_atoms == 1 and not molecule.is_periodic:
        return NotApplicable("one atom has no orientation")
    return None


def measure_operations(
    subject: Subject,
    *,
    matrices: np.ndarray = IDENTITY,
    shifts: np.ndarray = NO_SHIFT,
    geometries: np.ndarray | None = None,
) -> Changes:
    """Rotate geometries about their centroids, shift them, and compare with the originals.

    Orthogonal matrices are (O, 3, 3) and shifts (O, 3), Å; boxes are rotated, too.  The geometries,
    (G, N, 3), Å, are the subject's own by default.
    """
    cell = subject.molecule.cell_angstrom
    geometries = subject.geometries() if geometries is None else geometries
    centres = geometries.mean(axis=1, keepdims=True)
    turned = (geometries - centres) @ matrices.swapaxes(1, 2)[:, None] + centres
    placed = np.stack([geometries, *(turned + shifts[:, None, None])])
    turns = np.stack([np.eye(3), *np.broadcast_to(matrices, (len(placed) - 1, 3, 3))])
    if cell is None or (matrices == np.eye(3)).all():
        found = subject.evaluate(placed)
    else:
        # A mirrored cell is written with opposite vectors, which span the same lattice.
        cells = np.sign(np.linalg.det(turns))[:, None, None] * cell @ turns.swapaxes(1, 2)
        found = evaluate_boxes(subject, cells, placed)
    forces = found.forces_ev_per_angstrom @ turns[:, None]
    return compare_with_first(subject, found, forces=forces)


def compare_with_first(subject: Subject, found: "Points", *, forces: np.ndarray) -> Changes:
    """Compare O operations at G geometries with the geometries themselves, which come first.

    `forces` are those of `found`, moved back, (1 + O, G, N, 3).
    """
    return Changes(
        energy_changes_ev=found.energies_ev[1:] - found.energies_ev[0],
        force_changes=forces[1:] - forces[0],
        refused=found.refused[1:] | found.refused[0],
        refusals=found.reasons,
        **noise_of(subject),
    )


def judge_changes(*, move: str, keep: int | None = None) -> Callable[[Changes, Limits], Judgement]:
    """Return the `judge` that compares changes with ``energy`` (meV/atom), ``forces`` (meV/Å).

    `move` is the subject of the sentence; only the first `keep` operations are judged, by default
    all.
    """

    def judge(record: Changes, limits: Limits) -> Judgement:
        if undecided := too_many_refused(record.refused[:keep], reasons=record.refusals):
            return undecided
        n_atoms = record.force_changes.shape[2]
        energies = np.abs(record.energy_changes_ev) * MEV_PER_EV / n_atoms
        forces = np.linalg.norm(record.force_changes, axis=-1).max(axis=-1) * MEV_PER_EV
        energies, forces = (np.ma.array(each, mask=record.refused) for each in (energies, forces))
        energy, force = (largest(each[:keep].compressed()) for each in (energies, forces))
        return judged(
            [
                Measure(f"{move} changes the energy by up to", energy, limits["energy"]),
                Measure(f"{move} changes the forces by up to", force, limits["forces"]),
            ],
            evidence={
                "energy_mev_per_atom_by_operation": energies.max(axis=1).filled(np.nan),
                "forces_mev_per_angstrom_by_operation": forces.max(axis=1).filled(np.nan),
                "detection_limit": record.detection_limit(n_atoms=n_atoms),
            },
            refused=record.refused,
        )

    return judge


invariance_check = partial(
    define,
    record=Changes,
    unit="meV/atom",
    limits={"energy": "meV/atom", "forces": "meV/Å"},
    needs=(*OWN_GEOMETRIES, "noise"),
)
"""A check that an operation changes neither energy nor forces."""
