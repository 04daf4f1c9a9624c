"""The list of all checks in the terminal, in a wide or narrow layout."""

import textwrap
from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from openmm_mlff.checks.base import Check
from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import Protocol
from openmm_mlff.report.checks_page import (
    NOT_USED,
    REPORTED,
    checks_by_group,
    role_in,
    threshold_lines,
)
from openmm_mlff.report.wording import NOTHING, REPORTED_MARK

WIDE = 140
"""From this many columns, a check is a table row, otherwise a block of lines."""

LABEL_WIDTH = 14
UNUSED_MARK = "‡"

Groups = Sequence[tuple[str, Sequence[Check]]]


def render_checks(
    protocol: Protocol, *, checks: Sequence[Check] = CHECKS, console: Console
) -> None:
    """Print all checks with the thresholds of a protocol; the console width sets the layout."""
    groups = checks_by_group(checks)
    console.print(Text(f"Checks, thresholds of the protocol {protocol.name}", style="bold"))
    if console.width >= WIDE:
        console.print(_table(groups, protocol=protocol))
    else:
        console.print(_blocks(groups, protocol=protocol, width=console.width))
    roles = {role_in(spec, protocol) for _, specs in groups for spec in specs}
    if REPORTED in roles:
        note = f" {REPORTED_MARK} reported only: the verdict does not rest on it"
        console.print(Text(note, style="dim"))
    if NOT_USED in roles:
        note = f" {UNUSED_MARK} not used by the protocol {protocol.name}"
        console.print(Text(note, style="dim"))


def _name(spec: Check, *, protocol: Protocol) -> str:
    marks = {REPORTED: REPORTED_MARK, NOT_USED: UNUSED_MARK}
    return spec.id + marks.get(role_in(spec, protocol), "")


def _table(groups: Groups, *, protocol: Protocol) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, expand=True, show_edge=False, header_style="dim")
    table.add_column("Check", no_wrap=True)
    table.add_column("Group", no_wrap=True)
    table.add_column("Formula", ratio=3, overflow="fold")
    table.add_column("Unit", no_wrap=True)
    table.add_column("Threshold", no_wrap=True)
    table.add_column("Source", ratio=3, overflow="fold")
    for group, specs in groups:
        for spec in specs:
            table.add_row(
                Text(_name(spec, protocol=protocol), style="bold"),
                Text(group),
                Text(spec.formula),
                Text(spec.unit),
                Text("\n".join(threshold_lines(spec, protocol)) or NOTHING),
                Text(spec.source),
            )
    return table


def _blocks(groups: Groups, *, protocol: Protocol, width: int) -> RenderableType:
    """Format each check as its name followed by lines without trailing padding."""
    lines: list[Text] = []
    for group, specs in groups:
        lines += [Text(""), Text(group, style="bold blue")]
        for spec in specs:
            lines.append(Text(f" {_name(spec, protocol=protocol)}", style="bold"))
            rows = {
                "formula": [spec.formula or NOTHING],
                "unit": [spec.unit or NOTHING],
                "threshold": threshold_lines(spec, protocol) or [NOTHING],
                "source": [spec.source or NOTHING],
            }
            for label, sentences in rows.items():
                lines += _row(label, sentences, width=width)
    return Group(*lines)


def _row(label: str, sentences: Sequence[str], *, width: int) -> list[Text]:
    wrapped = [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, max(width - LABEL_WIDTH, 20))
    ]
    labels = [f"   {label}", *[""] * (len(wrapped) - 1)]
    return [
        Text.assemble((f"{label:{LABEL_WIDTH}}", "dim"), line)
        for label, line in zip(labels, wrapped, strict=True)
    ]
