"""Where the numbers come from, and the commands that make them again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from openmm_mlff.config import list_protocols, load_protocol
from openmm_mlff.records import ValidationReport
from openmm_mlff.report.templating import evidence_text, flatten

_FLAGS = {
    "platform": "auto",
    "precision": "mixed",
    "charge": None,
    "multiplicity": None,
    "seed": None,
}
"""Options of `validate` by their name in `run.json`, each with its default."""

_OPTION_FLAGS = {
    "backend": "torchforce",
    "contract": None,
    "energy_unit": None,
    "length_unit": None,
    "ml_atoms": None,
    "constraints": "none",
    "hydrogen_mass_amu": None,
}
_RENAMED = {"hydrogen_mass_amu": "--hydrogen-mass"}


def provenance_rows(report: ValidationReport) -> list[tuple[str, str]]:
    """Lay out what was run with what.

    Args:
        report: with its environment and its protocol.

    Returns:
        Name and value; thresholds are left out, since they stand beside the results.
    """
    model = {"model": report.model.spec, "sha256": report.model.sha256}
    settings = {key: value for key, value in report.protocol.items() if key != "criteria"}
    tables = {**model, **report.environment, "protocol": settings}
    return [(key, evidence_text(value)) for key, value in flatten(tables)]


def repeat_command(report: ValidationReport, *, run: Mapping[str, Any] | None) -> str:
    """Write the command that runs the validation again.

    Args:
        report: names model and protocol where nothing else does.
        run: the run directory's `run.json`; None where there is none.

    Returns:
        A line for a POSIX shell.
    """
    spec: Mapping[str, Any] = (run or {}).get("spec") or {}
    words = ["openmm-mlff", "validate", str(spec.get("potential") or report.model.spec)]
    for system in spec.get("systems") or report.systems:
        words += ["--system", str(system)]
    words += _protocol_words(spec.get("protocol") or report.protocol)
    # Without a reference the report keeps why: the words are an option's value themselves.
    reference = spec.get("reference", report.environment.get("reference"))
    words += ["--reference", str(reference or "none")]
    words += _given(spec, _FLAGS) + _given(spec.get("options") or {}, _OPTION_FLAGS)
    words += _option_words(spec.get("options") or {})
    return shlex.join(words)


def _given(table: Mapping[str, Any], flags: Mapping[str, Any]) -> list[str]:
    """Write the options that are not at their default."""
    words = []
    for name, default in flags.items():
        value = table.get(name)
        if value is not None and value != default:
            words += [_RENAMED.get(name, "--" + name.replace("_", "-")), str(value)]
    return words


def _option_words(options: Mapping[str, Any]) -> list[str]:
    """Write the options that may be given several times, or have no value."""
    words = ["--compiled"] if options.get("compiled") else []
    for name, value in (options.get("parameters") or {}).items():
        words += ["--parameter", f"{name}={value:g}"]
    files: Sequence[str] = options.get("forcefield") or ()
    for file in files:
        words += ["--forcefield", str(file)]
    return words


def _protocol_words(protocol: Mapping[str, Any]) -> list[str]:
    """Name the protocol; one that is not, or no longer, of the package is a file to write."""
    name = str(protocol.get("name", "standard"))
    known = load_protocol(name).model_dump(mode="json") if name in list_protocols() else {}
    files = [str(file["path"]) for file in protocol.get("plugins") or ()]
    plugins = [word for file in files for word in ("--plugin", file)]
    if files:
        # What plugin files add to the required checks stands last.
        required = list(protocol["required"])[: len(known.get("required", ()))]
        protocol = {**protocol, "required": required}
    if _settings(known) != _settings(protocol):
        return ["--protocol", f"{name}.toml", *plugins]
    replicas = (protocol.get("dynamics") or {}).get("replicas", 1)
    same = replicas == known["dynamics"]["replicas"]
    return ["--protocol", name, *([] if same else ["--replicas", str(replicas)]), *plugins]


def _settings(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what decides about a run; how many replicas there are is an option of its own."""
    dynamics = dict(protocol.get("dynamics") or {}) | {"replicas": None}
    return {"dynamics": dynamics, "checks": (protocol.get("required"), protocol.get("reported"))}
