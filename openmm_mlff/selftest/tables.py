"""The matrix for the terminal and as Markdown."""

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmm_mlff.selftest.matrix import DefectRow, HealthyRow, Matrix, Trial, is_caught

NAMED = "●"
OTHER = "○"
MISSED = "✗"
NOTHING = "·"
LEGEND = (
    f"{NAMED} caught by the check named for it   {OTHER} caught by another check   "
    f"{MISSED} missed by the check named for it   {NOTHING} not seen"
)
_STYLES = {NAMED: "bold green", OTHER: "green", MISSED: "bold red", NOTHING: "dim"}


def render_matrix(matrix: Matrix, *, console: Console) -> None:
    """Print the matrix, the onsets, the healthy potentials and the summary."""
    numbered = "   ".join(f"{number} {check}" for number, check in enumerate(matrix.checks, 1))
    for strength in ("gross", "slight"):
        console.print(_grid(matrix, strength=strength))
    console.print(LEGEND)
    console.print(f"Checks: {numbered}", soft_wrap=False)
    console.print(_onsets(matrix.defects))
    if matrix.healthy:
        console.print(_healthy(matrix.healthy))
    for line in summary(matrix):
        console.print(Text(line, style="bold" if line.isupper() else ""))


def markdown(matrix: Matrix) -> str:
    """Return the same as Markdown."""
    head = ["fault", *matrix.checks]
    parts = ["# What the suite sees", "", *(f"{line}  " for line in summary(matrix)), ""]
    for strength in ("gross", "slight"):
        rows = [
            [row.name, *marks(row, tried, checks=matrix.checks)]
            for row, tried in _trials(matrix, strength=strength)
        ]
        parts += [f"## {strength.capitalize()} faults", "", LEGEND, "", *_table(head, rows), ""]
    onset_head = ["fault", "what is wrong", "check", "unit", *_ONSET_COLUMNS, "prediction"]
    onset_rows = [
        [row.name, row.description, row.check, row.unit, *_onset_cells(row), row.prediction]
        for row in matrix.defects
    ]
    parts += ["## Where each check begins to see", "", *_table(onset_head, onset_rows), ""]
    if matrix.healthy:
        parts += ["## Healthy potentials", "", *_table(_HEALTHY_HEAD, _counts(matrix.healthy)), ""]
    return "\n".join(parts)


def marks(row: DefectRow, tried: Trial, *, checks: Sequence[str]) -> list[str]:
    """Return the symbol of each check for one trial of a fault."""
    symbols = []
    for check in checks:
        caught = is_caught(tried.statuses.get(check, ""))
        if check == row.check:
            symbols.append(NAMED if caught else MISSED)
        else:
            symbols.append(OTHER if caught else NOTHING)
    return symbols


def summary(matrix: Matrix) -> list[str]:
    """Return sentences about detected faults, missed faults, false alarms and the outcome."""
    graded = [row for row in matrix.defects if row.slight is not None]
    caught = len(matrix.defects) - len(matrix.missed_gross)
    lines = [
        f"Gross faults caught by the check named for them: {caught} of {len(matrix.defects)}.",
        f"Slight faults caught by the check named for them: "
        f"{len(graded) - len(matrix.missed_slight)} of {len(graded)}.",
    ]
    lines += [f"MISSED, gross: {row.name}: {row.gross.message}" for row in matrix.missed_gross]
    lines += [
        f"missed, slight: {row.name} at {row.slight.strength:.3g} {row.unit}: {row.slight.message}"
        for row in matrix.missed_slight
        if row.slight
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


_ONSET_COLUMNS = ("gross", "slight", "predicted onset", "measured onset", "ratio")
_HEALTHY_HEAD = ("kind", "system", "runs", "false alarms", "undecided")


def _trials(matrix: Matrix, *, strength: str) -> list[tuple[DefectRow, Trial]]:
    tried = [(row, row.gross if strength == "gross" else row.slight) for row in matrix.defects]
    return [(row, found) for row, found in tried if found is not None]


def _grid(matrix: Matrix, *, strength: str) -> Table:
    """Return the table of faults by numbered checks, one symbol each."""
    table = Table(title=f"{strength.capitalize()} faults", title_justify="left", box=box.SIMPLE)
    table.add_column("fault", no_wrap=True)
    for number in range(1, len(matrix.checks) + 1):
        table.add_column(str(number), justify="center", min_width=2, no_wrap=True)
    table.pad_edge = False
    table.padding = (0, 0)
    for row, tried in _trials(matrix, strength=strength):
        symbols = marks(row, tried, checks=matrix.checks)
        table.add_row(row.name, *(Text(mark, style=_STYLES[mark]) for mark in symbols))
    return table


def _onsets(rows: Sequence[DefectRow]) -> Table:
    """Return the table of tested strengths and onsets."""
    table = Table(
        "fault",
        "check named for it",
        "unit",
        *_ONSET_COLUMNS,
        title="Where each check begins to see its fault",
        title_justify="left",
        box=box.SIMPLE,
    )
    for row in rows:
        table.add_row(row.name, row.check, row.unit, *_onset_cells(row))
    return table


def _onset_cells(row: DefectRow) -> list[str]:
    cells = [_number(row.gross.strength)]
    if row.slight is None or row.onset is None:
        return [*cells, "–", "there or not", "–", "–"]
    measured = _number(row.onset.strength)
    if row.onset.unseen == 0.0:
        measured = f"below {measured}"
    cells += [_number(row.slight.strength), _number(row.predicted_onset), measured]
    return [*cells, _number(row.agreement)]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return "not seen" if math.isinf(value) else f"{value:.2g}"


def _healthy(rows: Sequence[HealthyRow]) -> Table:
    """Return the table of runs and false alarms of each kind."""
    title = "Healthy potentials"
    table = Table(*_HEALTHY_HEAD, title=title, title_justify="left", box=box.SIMPLE)
    for cells in _counts(rows):
        table.add_row(*cells)
    return table


def _counts(rows: Sequence[HealthyRow]) -> list[list[str]]:
    cells = []
    for kind, system in dict.fromkeys((row.kind, row.system) for row in rows):
        group = [row for row in rows if (row.kind, row.system) == (kind, system)]
        alarms = sum(bool(row.alarms) for row in group)
        undecided: dict[str, int] = {}
        for row in group:
            for check, status in row.statuses.items():
                if status == "INCONCLUSIVE":
                    undecided[check] = undecided.get(check, 0) + 1
        text = ", ".join(f"{check} in {count}" for check, count in undecided.items()) or "–"
        cells.append([kind, system, str(len(group)), str(alarms), text])
    return cells


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
