"""Figure of a comparison: key numbers of several models on several systems."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from openmm_mlff.report.bars import BarSeries, draw_bars, legend_of_figure
from openmm_mlff.report.canvas import DOUBLE_COLUMN_INCH, FigureRecord, drawing, panel_letters
from openmm_mlff.report.selection import KEY_CHECKS, SummaryRow, model_labels, rows_by_condition
from openmm_mlff.report.wording import interval_half_width, number
from openmm_mlff.results import CheckResult, Status, ValidationReport

COMPARED = ("force_accuracy", "energy_drift", "speed")
"""Checks whose values are drawn, one panel each."""

Rows = Mapping[str, Sequence[tuple[int, SummaryRow]]]


def comparison_figure(reports: Sequence[ValidationReport], *, path: Path) -> FigureRecord | None:
    """Draw force error, energy drift and time per step by model and system; None without data."""
    rows = rows_by_condition(reports)
    measured = [
        check_id
        for check_id in COMPARED
        if any(_value(row, check_id=check_id) is not None for _, row in _flat(rows))
    ]
    if not measured:
        return None
    labels = model_labels(reports)
    limits = {check_id: _thresholds(rows, check_id=check_id) for check_id in measured}
    with drawing(path, width_inch=DOUBLE_COLUMN_INCH, height_inch=2.6) as figure:
        panels = figure.subplots(1, len(measured), squeeze=False)[0].tolist()
        for axes, check_id in zip(panels, measured, strict=True):
            series = [
                _series(rows, position=k, label=label, check_id=check_id)
                for k, label in enumerate(labels)
            ]
            draw_bars(axes, series, groups=_groups(rows), thresholds=limits[check_id])
            axes.set_ylabel(f"{KEY_CHECKS[check_id]} ({_unit(rows, check_id=check_id)})")
        panel_letters(panels)
        legend_of_figure(figure, labels)
    return FigureRecord(path, "Comparison", _caption(rows, limits=limits), "", DOUBLE_COLUMN_INCH)


def _flat(rows: Rows) -> list[tuple[int, SummaryRow]]:
    return [pair for pairs in rows.values() for pair in pairs]


def _groups(rows: Rows) -> list[str]:
    """Return the group labels: system, with the condition where a system has several."""
    pairs = [(row.system, row.condition) for row in (found[0][1] for found in rows.values())]
    systems = [system for system, _ in pairs]
    return [
        system if systems.count(system) == 1 else f"{system}\n{condition}"
        for system, condition in pairs
    ]


def _result(row: SummaryRow | None, *, check_id: str) -> CheckResult | None:
    return None if row is None else row.results.get(check_id)


def _value(row: SummaryRow | None, *, check_id: str) -> float | None:
    result = _result(row, check_id=check_id)
    if result is None or result.value is None:
        return None
    return abs(result.value)


def _series(rows: Rows, *, position: int, label: str, check_id: str) -> BarSeries:
    """Return the bars of one model, with the drift interval as error bars."""
    mine = [dict(pairs).get(position) for pairs in rows.values()]
    results = [_result(row, check_id=check_id) for row in mine]
    heights = [_value(row, check_id=check_id) for row in mine]
    spreads = [None if result is None else interval_half_width(result) for result in results]
    ends = [
        (None, None) if height is None or spread is None else (height - spread, height + spread)
        for height, spread in zip(heights, spreads, strict=True)
    ]
    return BarSeries(
        label,
        heights,
        low=[low for low, _ in ends],
        high=[high for _, high in ends],
        notes=["n/a" if result is None else result.status.value.lower() for result in results],
        failed=frozenset(
            k
            for k, result in enumerate(results)
            if result is not None and result.status is Status.FAIL
        ),
    )


def _thresholds(rows: Rows, *, check_id: str) -> list[float]:
    found = (_result(row, check_id=check_id) for _, row in _flat(rows))
    limits = {result.threshold for result in found if result is not None}
    return sorted(limit for limit in limits if limit is not None)


def _unit(rows: Rows, *, check_id: str) -> str:
    found = (_result(row, check_id=check_id) for _, row in _flat(rows))
    return " or ".join(sorted({result.unit for result in found if result is not None}))


def _caption(rows: Rows, *, limits: Mapping[str, Sequence[float]]) -> str:
    parts = []
    for letter, (check_id, values) in zip("abc", limits.items(), strict=False):
        limit = " or ".join(number(value) for value in values)
        unit = _unit(rows, check_id=check_id)
        allowed = f" (largest allowed: {limit} {unit})" if limit else ""
        parts.append(f"({letter}) {KEY_CHECKS[check_id]}{allowed}")
    return (
        f"{'; '.join(parts)}. Dashed: thresholds; whiskers: 95 % interval of the drift; hatched: "
        "the check failed."
    )
