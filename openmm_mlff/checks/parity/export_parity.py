"""Does the exported TorchScript file compute what the model computes?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define
from openmm_mlff.checks.parity.comparison import (
    Comparison,
    compared_geometries,
    judge_comparison,
    largest_differences,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

CALLS = 3  # TorchScript's profiling executor runs its first calls by another graph than later ones


@record
class Record(Comparison):
    """Differences of programs, called on molecules, from the model, over first and later calls.

    Forces of later calls differ from the first by `first_to_later`, eV/Å.
    """

    programs: tuple[str, ...]
    first_to_later: np.ndarray = array("pairs")


def measure(subject: Subject) -> Record | NotApplicable:
    """Call the program for this molecule, and the one for any, several times."""
    if not subject.potential.is_exported:
        return NotApplicable(f"{subject.potential.spec} is run as it is; nothing is exported")
    exports, rows = subject.paths.exports(), []
    for export in exports:
        n_atoms = export.molecule.n_atoms
        geometries = compared_geometries(subject, molecule=export.molecule)
        model = subject.evaluate(geometries, molecule=export.molecule)
        calls = [[export.call(placed) for placed in geometries] for _ in range(CALLS)]
        energies_ev = np.array([[energy for energy, _ in call] for call in calls])
        forces = np.array([[forces for _, forces in call] for call in calls])
        found, eager = (energies_ev, forces), (model.energies_ev, model.forces_ev_per_angstrom)
        _, later = largest_differences(found, (energies_ev[0], forces[0]), n_atoms=n_atoms)
        rows.append((*largest_differences(found, eager, n_atoms=n_atoms), later))
    energy_differences, force_differences, first_to_later = np.transpose(rows)
    return Record(
        dtype=subject.dtype,
        energy_differences=energy_differences,
        force_differences=force_differences,
        first_to_later=first_to_later,
        refused=np.zeros(len(compared_geometries(subject)), dtype=bool),
        programs=tuple(export.name for export in exports),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Judge the differences by the limits for the precision of the weights."""
    programs = record.programs
    later = dict(zip(programs, record.first_to_later, strict=True))
    return judge_comparison(
        record,
        pairs=[f"of the exported file for {name} differ from the model's" for name in programs],
        force_limits=[limits[f"forces_{record.dtype}"]] * len(programs),
        energy_limit=limits["energy"],
        evidence={"first_to_later_calls_ev_per_angstrom": later},
    )


CHECK = define(
    __name__,
    formula="max |F_exported − F_eager|, max |E_exported − E_eager| / N; first and later calls",
    limits={"forces_float32": "eV/Å", "forces_float64": "eV/Å", "energy": "meV/atom"},
    source="rounding of float32 and float64; an export that lost a sum gave benzene −44 for −76 eV",
    consequence="The deployed file is not the potential that was trained and tested; results for "
    "the model do not hold for it.",
    remedy="Export the model again with `openmm-mlff export`, which compares before it writes, and "
    "validate the new file.",
    needs=("minimum",),
)
