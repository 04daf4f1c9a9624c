"""A comparison in the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmm_mlff.report.comparing.changes import Change, ValueChange
from openmm_mlff.report.comparing.summary import (
    ComparisonSummary,
    Difference,
    headline,
    kind_words,
    name,
    place,
    side,
)
from openmm_mlff.report.terminal import VERDICT_STYLES, plain_table, render_comparison
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    number,
    several_conditions,
    value_text,
)
from openmm_mlff.results import ValidationReport

MOST_CHANGES = 20
_KIND_STYLES = {
    "worse": "bold red",
    "lost": "bold red",
    "better": "green",
    "changed": "yellow",
    "new": "yellow",
}


def render_summary(
    reports: Sequence[ValidationReport], summary: ComparisonSummary, *, console: Console
) -> None:
    """Print verdicts, key numbers, changes, accuracy against speed, and the recommendation."""
    several = any(several_conditions(report) for report in reports)
    render_comparison(reports, console=console)
    for difference in summary.differences:
        console.print()
        _print_difference(difference, baseline=summary.labels[0], several=several, console=console)
    console.print()
    _print_pareto(summary, console=console)
    console.print()
    console.print(Text("Recommendation", style="bold blue"))
    for sentence in summary.advice:
        console.print(Text(f"• {sentence}"))


def _print_difference(
    difference: Difference, *, baseline: str, several: bool, console: Console
) -> None:
    style = "bold red" if difference.got_worse() else "bold"
    console.print(Text(headline(difference, baseline=baseline), style=style))
    if difference.changes:
        console.print(_changes_table(difference.changes[:MOST_CHANGES], several=several))
        if len(difference.changes) > MOST_CHANGES:
            console.print(Text(f"… and {len(difference.changes) - MOST_CHANGES} more", style="dim"))
        if any(not change.required for change in difference.changes):
            console.print(Text(f"{REPORTED_MARK} reported only, not decisive", style="dim"))
    if difference.changes and difference.values:
        console.print()
    if difference.values:
        console.print(_values_table(difference.values, several=several))


def _changes_table(changes: Sequence[Change], *, several: bool) -> Table:
    table = plain_table("", heads=("Check", "Status", "Where", "Before", "Now"))
    for change in changes:
        table.add_row(
            Text(name(change)),
            Text(kind_words(change), style=_KIND_STYLES[change.kind]),
            Text(place(change.result, several=several)),
            Text(side(change.before)),
            Text(side(change.after)),
        )
    return table


def _values_table(values: Sequence[ValueChange], *, several: bool) -> Table:
    table = plain_table("", heads=("Check", "Value", "Where", "Before", "Now", "Unit"))
    for change in values:
        table.add_row(
            Text(change.after.id),
            Text(change.direction, style="green" if change.direction == "better" else "yellow"),
            Text(place(change.after, several=several)),
            Text(value_text(change.before)),
            Text(value_text(change.after)),
            Text(change.after.unit),
        )
    return table


def _print_pareto(summary: ComparisonSummary, *, console: Console) -> None:
    weighed = summary.weighed
    if not weighed.points:
        console.print(
            Text(
                "Accuracy against speed: force error and time per step were not measured on the "
                "same systems."
            )
        )
        return
    table = plain_table(
        "Accuracy against speed, fastest first",
        heads=(
            "Model",
            f"Force RMSE ({weighed.error_unit})",
            f"Step ({weighed.time_unit})",
            "Front",
        ),
    )
    for point in weighed.points:
        table.add_row(
            Text(point.label, style=f"bold {VERDICT_STYLES[point.status]}"),
            Text(number(point.error)),
            Text(number(point.time)),
            Text("● yes" if point.on_front else NOTHING),
        )
    console.print(table)
    console.print(Text(f"Geometric means over {', '.join(weighed.systems)}.", style="dim"))
    if weighed.missing:
        console.print(Text(f"Not measured in both: {', '.join(weighed.missing)}.", style="dim"))
