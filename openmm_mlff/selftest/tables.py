"""The matrix for the terminal and as Markdown."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmm_mlff.results import Status
from openmm_mlff.selftest.matrix import FaultRow, HealthyRow, Matrix
from openmm_mlff.selftest.runner import Findings

OWN = "●"
OTHER = "○"
MISSED = "✗"
NOTHING = "·"
LEGEND = (
    f"{OWN} detected by its own check   {OTHER} detected by another check   "
    f"{MISSED} missed by its own check   {NOTHING} not detected"
)
_STYLES = {OWN: "bold green", OTHER: "green", MISSED: "bold red", NOTHING: "dim"}
_ONSETS = "Onset of detection"
_ONSET_HEAD = ("gross", "slight", "predicted onset", "measured onset", "ratio")
_HEALTHY = "Healthy potentials"
_HEALTHY_HEAD = ("kind", "system", "runs", "false alarms", "inconclusive")


def render_matrix(matrix: Matrix, *, console: Console) -> None:
    """Print the matrix, the onsets, the healthy potentials and the summary."""
    for title, rows in _grids(matrix):
        table = _table(title, ["fault", *map(str, range(1, len(matrix.checks) + 1))], rows)
        table.pad_edge, table.padding = False, (0, 0)
        for column in table.columns:
            column.no_wrap = True
        console.print(table)
    console.print(LEGEND)
    numbered = "   ".join(f"{number} {check}" for number, check in enumerate(matrix.checks, 1))
    console.print(f"Checks: {numbered}", soft_wrap=False)
    onsets = [
        [row.fault.name, row.fault.check, row.fault.unit, *_onset_cells(row)]
        for row in matrix.faults
    ]
    console.print(_table(_ONSETS, ["fault", "check", "unit", *_ONSET_HEAD], onsets))
    if matrix.healthy:
        console.print(_table(_HEALTHY, _HEALTHY_HEAD, _counts(matrix.healthy)))
    for line in summary(matrix):
        console.print(Text(line, style="bold" if line.isupper() else ""))


def markdown(matrix: Matrix) -> str:
    """Return the same as Markdown."""
    parts = ["# Self-test of the checks", "", *(f"{line}  " for line in summary(matrix)), ""]
    for title, rows in _grids(matrix):
        parts += [f"## {title}", "", LEGEND, "", *_lines(["fault", *matrix.checks], rows), ""]
    head = ["fault", "description", "check", "unit", *_ONSET_HEAD, "prediction"]
    onsets = [
        [
            *(row.fault.name, row.fault.description, row.fault.check, row.fault.unit),
            *_onset_cells(row),
            row.fault.prediction,
        ]
        for row in matrix.faults
    ]
    parts += [f"## {_ONSETS}", "", *_lines(head, onsets), ""]
    if matrix.healthy:
        parts += [f"## {_HEALTHY}", "", *_lines(_HEALTHY_HEAD, _counts(matrix.healthy)), ""]
    return "\n".join(parts)


def marks(row: FaultRow, findings: Findings, *, checks: Sequence[str]) -> list[str]:
    """Return the symbol of each check for a fault of one strength."""
    of_own, of_others = {True: OWN, False: MISSED}, {True: OTHER, False: NOTHING}
    return [
        (of_own if check == row.fault.check else of_others)[
            check in findings and findings[check].is_alarm
        ]
        for check in checks
    ]


def summary(matrix: Matrix) -> list[str]:
    """Return sentences about detected faults, missed faults, false alarms and the outcome."""
    graded = [row for row in matrix.faults if row.slight is not None]
    lines = [
        f"{name} faults detected by their own check: {len(rows) - len(missed)} of {len(rows)}."
        for name, rows, missed in (
            ("Gross", matrix.faults, matrix.missed_gross),
            ("Slight", graded, matrix.missed_slight),
        )
    ]
    lines += [
        f"MISSED, gross: {row.fault.name}: {row.gross_finding.message}"
        for row in matrix.missed_gross
    ]
    lines += [
        f"missed, slight: {row.fault.name} at {row.fault.slight:.3g} {row.fault.unit}: "
        f"{row.slight_finding.message}"
        for row in matrix.missed_slight
        if row.slight_finding
    ]
    if matrix.healthy:
        lines.append(
            f"Healthy potentials with a false alarm: {len(matrix.false_alarms)} of "
            f"{len(matrix.healthy)}."
        )
    lines += [
        f"FALSE ALARM: {row.kind}, {row.system}, seed {row.seed}: {check}: {message}"
        for row in matrix.false_alarms
        for check, message in row.alarms.items()
    ]
    return [*lines, "SELF-TEST PASSED" if matrix.passed else "SELF-TEST FAILED"]


def _grids(matrix: Matrix) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield title and rows, faults by checks, for each strength."""
    for strength in ("gross", "slight"):
        found = [(row, getattr(row, strength)) for row in matrix.faults]
        yield (
            f"{strength.capitalize()} faults",
            [
                [row.fault.name, *marks(row, findings, checks=matrix.checks)]
                for row, findings in found
                if findings is not None
            ],
        )


def _onset_cells(row: FaultRow) -> list[str]:
    cells = [_number(row.fault.gross)]
    if row.slight is None or row.onset is None:
        return [*cells, "–", "present or not", "–", "–"]
    measured = _number(row.onset.strength)
    if row.onset.unseen == 0.0:
        measured = f"below {measured}"
    cells += [_number(row.fault.slight), _number(row.fault.predicted_onset), measured]
    return [*cells, _number(row.agreement)]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return "not seen" if math.isinf(value) else f"{value:.2g}"


def _counts(rows: Sequence[HealthyRow]) -> list[list[str]]:
    """Return the numbers of runs, false alarms and inconclusive checks of each kind."""
    cells = []
    for kind, system in dict.fromkeys((row.kind, row.system) for row in rows):
        group = [row for row in rows if (row.kind, row.system) == (kind, system)]
        alarms = sum(bool(row.alarms) for row in group)
        undecided = Counter(
            check
            for row in group
            for check, finding in row.findings.items()
            if finding.status is Status.INCONCLUSIVE
        )
        text = ", ".join(f"{check} in {count}" for check, count in undecided.items()) or "–"
        cells.append([kind, system, str(len(group)), str(alarms), text])
    return cells


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table for the terminal; symbols are coloured and centred."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for name in head:
        number = name.isdecimal()
        table.add_column(
            name, justify="center" if number else "left", min_width=2 if number else None
        )
    for row in rows:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    return table


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
