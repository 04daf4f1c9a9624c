"""Plots of a comparison: key numbers by model and system, and accuracy against speed."""

from collections.abc import Mapping, Sequence
from typing import Literal

from openmm_mlff.plots import Axis, Bars, Level, Line, Mark, Panel, Plot, Points
from openmm_mlff.report.comparing.pareto import Pareto
from openmm_mlff.report.plot_parts import bar_axis
from openmm_mlff.report.selection import KEY_CHECKS, SummaryRow, model_labels, rows_by_condition
from openmm_mlff.report.templating import encode_link
from openmm_mlff.report.wording import interval_half_width, number
from openmm_mlff.results import CheckResult, Status, ValidationReport, VerdictStatus

COMPARED = ("force_accuracy", "energy_drift", "speed")
"""Checks whose values are drawn, one panel each."""

MARGIN = 1.6  # the axes extend by this factor beyond the outermost models
MARKERS: dict[VerdictStatus, Literal["disc", "diamond", "cross"]] = {
    VerdictStatus.APPROVED: "disc",
    VerdictStatus.INCONCLUSIVE: "diamond",
    VerdictStatus.REJECTED: "cross",
}

Rows = Mapping[str, Sequence[tuple[int, SummaryRow]]]


def comparison_plot(reports: Sequence[ValidationReport]) -> Plot | None:
    """Plot force error, energy drift and time per step by model and system; None without data."""
    rows, labels = rows_by_condition(reports), model_labels(reports)
    panels: list[Panel] = []
    parts: list[str] = []
    for check_id in COMPARED:
        results = [row.results.get(check_id) for found in rows.values() for _, row in found]
        known = [result for result in results if result is not None]
        limits = sorted({one.threshold for one in known if one.threshold is not None})
        series = [
            _bars(label, [dict(found).get(k) for found in rows.values()], check_id)
            for k, label in enumerate(labels)
        ]
        unit = " or ".join(sorted({one.unit for one in known}))
        levels = [Level(limit) for limit in limits]
        axis = bar_axis(f"{KEY_CHECKS[check_id]} ({unit})", series, levels=limits)
        panel = Panel(Axis(categories=_groups(rows)), axis, (*series, *levels))
        if panel.has_data():
            panels.append(panel)
            words = " or ".join(number(value) for value in limits)
            allowed = f" (largest allowed: {words} {unit})" if limits else ""
            parts.append(f"({'abc'[len(parts)]}) {KEY_CHECKS[check_id]}{allowed}")
    if not panels:
        return None
    caption = (
        f"{'; '.join(parts)}. Dashed: thresholds; whiskers: 95 % interval of the drift; hatched: "
        "the check failed."
    )
    return Plot("Comparison", panels, caption, "comparison", columns=max(2, len(panels)))


def pareto_plot(weighed: Pareto, *, links: Mapping[str, str] | None = None) -> Plot | None:
    """Plot force error against time per step of each model; None without points.

    ``links`` are relative paths to the page of a report, by label of the model.
    """
    if not weighed.points:
        return None
    marks: list[Mark] = []
    front = [point for point in weighed.points if point.on_front]
    # Steps, since nothing is known between two models.
    corners = [(front[0].time, front[0].error)]
    for point in front[1:]:
        corners += [(point.time, corners[-1][1]), (point.time, point.error)]
    x, y = zip(*corners, strict=True)
    marks.append(Line(x, y, "front", "muted", "dashed"))
    for k, point in enumerate(weighed.points):
        name = f"{point.label} ({point.status.value})"
        found, link = MARKERS[point.status], encode_link((links or {}).get(point.label, ""))
        marks.append(Points([point.time], [point.error], name, k, found, link=link))
    x_axis, y_axis = (
        Axis(f"{label} ({unit})", (min(values) / MARGIN, max(values) * MARGIN), log=True)
        for label, unit, values in (
            ("Time per step", weighed.time_unit, [point.time for point in weighed.points]),
            ("Force RMSE", weighed.error_unit, [point.error for point in weighed.points]),
        )
    )
    return Plot("Accuracy against speed", [Panel(x_axis, y_axis, marks)], name="pareto")


def _groups(rows: Rows) -> tuple[str, ...]:
    """Return the group labels: system, with the condition where a system has several."""
    pairs = [(row.system, row.condition) for row in (found[0][1] for found in rows.values())]
    systems = [system for system, _ in pairs]
    return tuple(
        system if systems.count(system) == 1 else f"{system}\n{condition}"
        for system, condition in pairs
    )


def _bars(label: str, rows: Sequence[SummaryRow | None], check_id: str) -> Bars:
    """Return the bars of one model, with the interval of the value as error bars."""
    results = [None if row is None else row.results.get(check_id) for row in rows]
    ends = [_ends(result) for result in results]
    heights, low, high = zip(*ends, strict=True)
    notes = ["n/a" if result is None else result.status.value.lower() for result in results]
    failed = [k for k, one in enumerate(results) if one is not None and one.status is Status.FAIL]
    return Bars(label, heights, low, high, notes, frozenset(failed))


def _ends(result: CheckResult | None) -> tuple[float | None, float | None, float | None]:
    """Return the size of a value and the ends of its interval."""
    if result is None or result.value is None:
        return None, None, None
    height, spread = abs(result.value), interval_half_width(result)
    return (height, None, None) if spread is None else (height, height - spread, height + spread)
