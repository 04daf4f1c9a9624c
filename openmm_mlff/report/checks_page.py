"""All checks, from the check objects: their documentation page, and their list in the terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from openmm_mlff.checks.base import Check
from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import Protocol, list_protocols, load_protocol
from openmm_mlff.report.templating import render
from openmm_mlff.report.wording import GROUPS, NOTHING, REPORTED_MARK, number

STANDARD = "standard"
REQUIRED, REPORTED, NOT_USED = "required", "reported", ""
UNUSED_MARK = "‡"
LABEL_WIDTH = 14

_SHORTEST_FIRST = ("quick", STANDARD, "extended")


def checks_markdown() -> str:
    """Return the Markdown of `docs/checks.md`, the page of all registered checks."""
    protocols = shipped_protocols()
    marks = {REQUIRED: "✔", REPORTED: REPORTED_MARK, NOT_USED: NOTHING}
    return render(
        "checks.md.j2",
        protocols=list(protocols),
        reported_mark=REPORTED_MARK,
        overview=[
            (spec, [marks[role_in(spec, protocol)] for protocol in protocols.values()])
            for _, specs in checks_by_group()
            for spec in specs
        ],
        groups=[
            (group, [_entry(spec, protocols=protocols) for spec in specs])
            for group, specs in checks_by_group()
        ],
    )


def shipped_protocols() -> dict[str, Protocol]:
    """Load the protocols of the package, the shortest first."""
    names = list_protocols()
    ordered = [name for name in _SHORTEST_FIRST if name in names]
    others = [name for name in names if name not in ordered]
    return {name: load_protocol(name) for name in (*ordered, *others)}


def own_check(spec: Check, protocol: Protocol) -> str:
    """Return the Markdown that documents a user-defined check."""
    limits = "; ".join(threshold_lines(spec, protocol)) or "none"
    lines = (
        f"### {spec.id}",
        spec.question,
        f"Formula: {spec.formula}",
        f"Thresholds: {limits}",
        f"Source: {spec.source}",
        f"Where it fails: {spec.consequence}",
        f"What to do: {spec.remedy}",
    )
    return "\n\n".join(lines) + "\n"


def checks_by_group(
    checks: Sequence[Check] = CHECKS,
) -> list[tuple[str, list[Check]]]:
    """Group checks, with groups in display order."""
    grouped = [(group, [spec for spec in checks if spec.group == group]) for group in GROUPS]
    return [(group, specs) for group, specs in grouped if specs]


def role_in(spec: Check, protocol: Protocol) -> str:
    """Return ``required``, ``reported``, or an empty string for a check that the protocol omits."""
    if spec.id in protocol.required:
        return REQUIRED
    return REPORTED if spec.id in protocol.reported else NOT_USED


def threshold_lines(spec: Check, protocol: Protocol) -> list[str]:
    """Return one line per threshold: name, value and unit; no value if the protocol sets none."""
    criteria = protocol.limits_for(spec.id)
    return [
        f"{name} {number(criteria[name].value) if name in criteria else NOTHING} {unit}"
        for name, unit in spec.limits.items()
    ]


def render_checks(
    protocol: Protocol, *, checks: Sequence[Check] = CHECKS, console: Console
) -> None:
    """Print all checks with formula, unit, thresholds of a protocol and source."""
    marks = {REQUIRED: "", REPORTED: REPORTED_MARK, NOT_USED: UNUSED_MARK}
    console.print(Text(f"Checks, thresholds of the protocol {protocol.name}", style="bold"))
    for group, specs in checks_by_group(checks):
        console.print(Text.assemble("\n", (group, "bold blue")))
        for spec in specs:
            console.print(Text(f" {spec.id}{marks[role_in(spec, protocol)]}", style="bold"))
            for label, sentences in (
                ("formula", [spec.formula]),
                ("unit", [spec.unit]),
                ("threshold", threshold_lines(spec, protocol)),
                ("source", [spec.source]),
            ):
                _print_row(label, sentences or [NOTHING], console=console)
    roles = {role_in(spec, protocol) for spec in checks}
    for role, meaning in (
        (REPORTED, "reported only: the verdict does not rest on it"),
        (NOT_USED, f"not used by the protocol {protocol.name}"),
    ):
        if role in roles:
            console.print(Text(f" {marks[role]} {meaning}", style="dim"))


def _print_row(label: str, sentences: Sequence[str], *, console: Console) -> None:
    """Print sentences beside their label, wrapped without trailing padding."""
    width = max(console.width - LABEL_WIDTH, 20)
    lines = [line for one in sentences for line in textwrap.wrap(one or NOTHING, width)]
    for k, line in enumerate(lines):
        head = f"{'' if k else f'   {label}':{LABEL_WIDTH}}"
        console.print(Text.assemble((head, "dim"), line))


def _entry(spec: Check, *, protocols: Mapping[str, Protocol]) -> dict[str, Any]:
    # Thresholds are those of `standard`, else of the first protocol that has any.
    having = [name for name, one in protocols.items() if one.limits_for(spec.id)]
    owner = STANDARD if STANDARD in having else next(iter(having), None)
    criteria = {} if owner is None else protocols[owner].limits_for(spec.id)
    return {
        "spec": spec,
        "owner": owner,
        "thresholds": [
            (name, number(one.value), one.unit, one.source) for name, one in criteria.items()
        ],
        "roles": _roles(spec, protocols=protocols),
    }


def _roles(spec: Check, *, protocols: Mapping[str, Protocol]) -> str:
    """Return the protocols in which a check is required, reported and not used."""
    by_role: dict[str, list[str]] = {}
    for name, protocol in protocols.items():
        by_role.setdefault(role_in(spec, protocol), []).append(name)
    words = {REQUIRED: "required in", REPORTED: "reported in", NOT_USED: "not used in"}
    return "; ".join(
        f"{phrase} {', '.join(by_role[role])}" for role, phrase in words.items() if role in by_role
    )
