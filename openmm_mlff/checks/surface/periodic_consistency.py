"""Do energy and forces depend on how a periodic box is described?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, Subject, judged
from openmm_mlff.checks.inputs import largest, largest_norm, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, evaluate_boxes, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.molecules import two_copies
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

MOVES = 3
STRAIN = 1e-3  # of the finite differences that the virial is compared with
EQUAL_CELLS = ((2, 0, 1), (2, 1, -1), (1, 0, 1))
"""(vector, other, factor): adding the factor times the other vector keeps the lattice."""

STRAINS = ((0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1))
"""(row, column) of the strain r → r (1 + ε): those that keep a box as OpenMM orients it."""


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
    no_virial: str = ""  # why there is no virial; empty where there is one
    virial_ev: np.ndarray | None = array(6, default=None)  # volume times stress, six components
    # dE/dε by central differences
    virial_differences_ev: np.ndarray | None = array(6, default=None)


def measure(subject: Subject) -> Record | NotApplicable:
    """Evaluate the minimum with its box described in other ways, doubled and strained."""
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
        **_double(subject, cell, energy_ev=energies_ev[0], forces=forces[0]),
        **_virial(subject, cell),
        **noise_of(subject),
    )


def _double(
    subject: Subject, cell: np.ndarray, *, energy_ev: float, forces: np.ndarray
) -> dict[str, Any]:
    """Return the record's fields for two boxes side by side along the first vector."""
    if not subject.potential.composition_is_free:
        return {"no_double": "the atoms are built in, so two boxes cannot be evaluated"}
    wide = cell * np.array([[2.0], [1.0], [1.0]])
    double = two_copies(subject.molecule, shift_angstrom=cell[0], cell_angstrom=wide)
    found = subject.evaluate(double.positions_angstrom, molecule=double)
    if found.refused:
        return {"no_double": f"two boxes side by side were refused ({found.reasons[0]})"}
    return {
        "doubled_energy_ev": float(found.energies_ev - 2.0 * energy_ev),
        "doubled_force_changes": found.forces_ev_per_angstrom.reshape(2, *forces.shape) - forces,
    }


def _virial(subject: Subject, cell: np.ndarray) -> dict[str, Any]:
    """Return the record's fields for the virial and the differences of the energy."""
    stress = subject.stress()
    if isinstance(stress, NotApplicable):
        return {"no_virial": stress.reason}
    rows, columns = np.array(STRAINS).T
    strains = np.tile(np.eye(3), (2, len(STRAINS), 1, 1))
    strains[:, np.arange(len(STRAINS)), rows, columns] += [[STRAIN], [-STRAIN]]
    strains = strains.reshape(-1, 3, 3)
    placed = subject.molecule.positions_angstrom @ strains
    found = evaluate_boxes(subject, cell @ strains, placed)
    if found.refused.any():
        return {"no_virial": f"a strained box was refused ({found.reasons[0]})"}
    stretched_ev, compressed_ev = found.energies_ev.reshape(2, -1)
    return {
        "virial_ev": stress[rows, columns] * np.linalg.det(cell),
        "virial_differences_ev": (stretched_ev - compressed_ev) / (2.0 * STRAIN),
    }


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest changes with their limits; the note names what was not evaluated.

    ``energy``, ``doubled`` and ``virial`` are in meV/atom, ``forces`` in meV/Å.
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
    if record.virial_ev is not None and record.virial_differences_ev is not None:
        error = largest(record.virial_ev - record.virial_differences_ev) * scale
        clause = "the virial differs from the slope of the energy against the strain by up to"
        measures.append(Measure(clause, error, limits["virial"]))
    no_virial = f"no virial: {record.no_virial}" if record.no_virial else ""
    names = np.array(record.descriptions)[known].tolist()
    return judged(
        measures,
        evidence={
            "energy_change_mev_per_atom_by_move": dict(zip(names, energies.tolist(), strict=True)),
            "detection_limit": record.detection_limit(n_atoms=n_atoms),
        },
        note="; ".join(filter(None, [record.no_double, no_virial])),
        refused=record.refused,
    )


CHECK = Check(
    id="periodic_consistency",
    group="surface",
    question="Do energy and forces depend on how a periodic box is described?",
    formula="|E(images, shifts, equal lattices) − E| / N, |E(2×1×1) − 2E| / 2N, |V σ − dE/dε| / N",
    limits={"energy": "meV/atom", "forces": "meV/Å", "doubled": "meV/atom", "virial": "meV/atom"},
    source="a lattice has no origin; limits as for translations",
    consequence="Forces jump when an atom crosses the border, and the density depends on box size.",
    remedy="Look for pairs found by the minimum image although the cutoff is longer than half the "
    "box, for box vectors used as lengths, and for a stress without the contribution of the box.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=(*OWN_GEOMETRIES, "noise"),
)
