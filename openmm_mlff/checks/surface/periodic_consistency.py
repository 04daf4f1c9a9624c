"""Do energy and forces depend on how a periodic box is described?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import largest, largest_norm, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, evaluate_boxes, noise_of, two_boxes
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

MOVES = 3
EQUAL_CELLS = ((2, 0, 1), (2, 1, -1), (1, 0, 1))
"""(vector, other, factor): adding the factor times the other vector keeps the lattice."""


@record
class Record(Noisy):
    """Changes at the minimum when its box of N atoms is described in D other ways."""

    descriptions: tuple[str, ...]  # what was done
    energy_changes_ev: np.ndarray = array("D")  # E − E of the original
    force_changes: np.ndarray = array("D", "N", 3)  # F − F of the original, eV/Å
    refused: np.ndarray = array("D")
    no_double: str = ""  # why two boxes side by side were not evaluated; empty where they were
    doubled_energy_ev: float = float("nan")  # E(2×1×1) − 2 E
    # F in each of the two boxes − F, eV/Å
    doubled_force_changes: np.ndarray | None = array(2, "N", 3, default=None)


def measure(subject: Subject) -> Record | NotApplicable:
    """Evaluate the minimum with its box described in other ways, and doubled."""
    molecule = subject.molecule
    if molecule.cell_angstrom is None:
        return NotApplicable("it has no periodic box")
    cell, start = np.array(molecule.cell_angstrom), molecule.positions_angstrom
    rng, boxes = np.random.default_rng(subject.seed), {"": (cell, start)}
    for number in range(1, MOVES + 1):
        images = rng.integers(-2, 3, size=start.shape)
        boxes[f"atoms moved to other images, {number}"] = cell, start + images @ cell
        boxes[f"all atoms shifted, {number}"] = cell, start + rng.uniform(size=3) @ cell
    for vector, other, factor in EQUAL_CELLS:
        change, name = np.eye(3), "abc"[vector]
        change[vector, other] = factor
        name = f"box vector {name} replaced by {name}{factor:+d}{'abc'[other]}"
        boxes[name] = change @ cell, start
    cells, placed = (np.stack(each) for each in zip(*boxes.values(), strict=True))
    found = evaluate_boxes(subject, cells, placed)
    energies_ev, forces = found.energies_ev, found.forces_ev_per_angstrom
    return Record(
        descriptions=tuple(boxes)[1:],
        energy_changes_ev=energies_ev[1:] - energies_ev[0],
        force_changes=forces[1:] - forces[0],
        refused=found.refused[1:] | found.refused[0],
        refusals=found.reasons,
        **_double(subject, energy_ev=energies_ev[0], forces=forces[0]),
        **noise_of(subject),
    )


def _double(subject: Subject, *, energy_ev: float, forces: np.ndarray) -> dict[str, Any]:
    """Return the record's fields for two boxes side by side along the first vector."""
    if not subject.potential.composition_is_free:
        return {"no_double": "the atoms are built in, so two boxes cannot be evaluated"}
    double = two_boxes(subject.molecule)
    found = subject.evaluate(double.positions_angstrom, molecule=double)
    if found.refused:
        return {"no_double": f"two boxes side by side were refused ({found.reasons[0]})"}
    return {
        "doubled_energy_ev": float(found.energies_ev - 2.0 * energy_ev),
        "doubled_force_changes": found.forces_ev_per_angstrom.reshape(2, *forces.shape) - forces,
    }


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest changes with their limits; the note names what was not evaluated.

    ``energy`` and ``doubled`` are in meV/atom, ``forces`` in meV/Å.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    n_atoms, known = record.force_changes.shape[1], ~record.refused
    scale = MEV_PER_EV / n_atoms
    energies = record.energy_changes_ev[known] * scale
    forces = largest_norm(record.force_changes[known]) * MEV_PER_EV
    change = "another description of the same box changes the {} by up to"
    measures = [
        Measure(change.format("energy"), largest(energies), limits["energy"]),
        Measure(change.format("forces"), forces, limits["forces"]),
    ]
    if record.doubled_force_changes is not None:
        energy = largest(np.array(record.doubled_energy_ev)) * scale / 2.0
        forces = largest_norm(record.doubled_force_changes) * MEV_PER_EV
        clause = "the energy of two boxes side by side differs from twice that of one by"
        measures += [
            Measure(clause, energy, limits["doubled"]),
            Measure("a second box changes the forces by up to", forces, limits["forces"]),
        ]
    names = np.array(record.descriptions)[known].tolist()
    return judged(
        measures,
        evidence={
            "energy_change_mev_per_atom_by_move": dict(zip(names, energies.tolist(), strict=True)),
            "detection_limit": record.detection_limit(n_atoms=n_atoms),
        },
        note=record.no_double,
        refused=record.refused,
    )


CHECK = define(
    __name__,
    formula="|E(images, shifts, equal lattices) − E| / N, |E(2×1×1) − 2E| / 2N",
    limits={"energy": "meV/atom", "forces": "meV/Å", "doubled": "meV/atom"},
    source="a lattice has no origin; limits as for translations",
    consequence="Forces jump when an atom crosses the border, and the density depends on box size.",
    remedy="Look for pairs found by the minimum image although the cutoff is longer than half the "
    "box, and for box vectors used as lengths.",
    needs=(*OWN_GEOMETRIES, "noise"),
)
