"""Model cards, written from the metadata of a checkpoint."""

from collections.abc import Iterator, Mapping
from typing import Any

from ase.data import chemical_symbols

from openmm_mlff.students.checkpoint import StudentRecord

HELD_OUT_FROM = "The last tenth of each trajectory, never trained on."

ROUND_TITLES = {
    "torsion": "round with turned bonds",
    "levelling": "the same, for energies",
    "polishing": "the same, for all",
}


def model_card(record: StudentRecord) -> str:
    """Return a student's card in Markdown; all values come from the record."""
    config, data, training = record.config, record.data, record.training
    elements = ", ".join(chemical_symbols[number] for number in config.elements)
    boxes = any("pressure_mae_bar" in errors for errors in record.held_out.values())
    title, line = (" pressure MAE, bar |", "---|") if boxes else ("", "")
    rows = "\n".join(
        f"| {origin} | {errors['frames']} | {errors['force_rmse_ev_per_angstrom']:.3f} "
        f"| {errors['energy_mae_mev_per_atom']:.2f} |{_pressure(errors) if boxes else ''}"
        for origin, errors in record.held_out.items()
    )
    kinds = ", ".join(f"{count} {kind}" for kind, count in data["kinds"].items())
    schedule = _schedule(training)
    later_rounds = "".join(_later_rounds(training))
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return f"""# student:{record.name}

An equivariant PaiNN on a ZBL core, distilled from {record.teacher}.

| | |
|---|---|
| parameters | {training["parameters"]:,} |
| features, interactions, basis | {config.features}, {config.interactions}, {config.basis} |
| cutoff | {config.cutoff_angstrom} Å |
| elements | {elements} |
| charge | neutral molecules only |
| training frames | {data["training_frames"]} ({kinds}) |
| molecules | {", ".join(data["molecules"])} |
| data seed, training seed | {data["seed"]}, {training["seed"]} |
| epochs, batch, learning rate | {schedule} |{later_rounds}
| versions | {versions} |

## Errors on {data["held_out_frames"]} held-out frames

{data.get("held_out_from", HELD_OUT_FROM)} Energies are absolute, without any shift.

| frames | count | force RMSE, eV/Å | energy MAE, meV/atom |{title}
|---|---|---|---|{line}
{rows}

## Use

For molecules made of {elements}, neutral and closed-shell, near the chemistry it was trained on.
It reproduces {record.teacher}, not experiment: its errors come on top of the teacher's own.
Not for ions, radicals or bond breaking. Validate it on your own molecule before production.
"""


def _later_rounds(training: Mapping[str, Any]) -> Iterator[str]:
    """Yield the rows of the later rounds."""
    if "refinement" in training:
        yield f"\n| second round | {_schedule(training['refinement'])} |"
    for kind, plan in training.items():
        title = ROUND_TITLES.get(kind) or (
            kind.startswith("round") and f"{kind}, the student's own dynamics"
        )
        if title:
            yield f"\n| {title} | {_schedule(plan)}, on {plan['frames']} frames |"
    if "note" in training:
        yield f"\n| note | {training['note']} |"


def _pressure(errors: Mapping[str, float]) -> str:
    found = errors.get("pressure_mae_bar")
    return " |" if found is None else f" {found:.0f} |"


def _schedule(plan: Mapping[str, Any]) -> str:
    return ", ".join(str(plan[key]) for key in ("epochs", "batch_size", "learning_rate"))
