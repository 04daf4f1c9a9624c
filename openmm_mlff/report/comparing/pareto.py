"""Accuracy against speed: models that no other model exceeds in both."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.changes import by_key
from openmm_mlff.report.selection import model_labels
from openmm_mlff.results import CheckResult, ValidationReport, VerdictStatus

ACCURACY = "force_accuracy"
SPEED = "speed"


@dataclass(frozen=True)
class ParetoPoint:
    """Accuracy and speed of one model.

    Attributes:
        error: force error in `Pareto.error_unit`, geometric mean over the shared systems.
        time: time per step in `Pareto.time_unit`, geometric mean over the shared systems.
        on_front: whether no other model is at least as good in both and better in one.
    """

    label: str
    status: VerdictStatus
    error: float
    time: float
    on_front: bool


@dataclass(frozen=True)
class Pareto:
    """Accuracy and speed of several models on the systems that all of them ran.

    Attributes:
        points: the fastest first.
        missing: labels of models without one of the two numbers.
    """

    points: tuple[ParetoPoint, ...] = ()
    systems: tuple[str, ...] = ()
    error_unit: str = "eV/Å"
    time_unit: str = "ms/step"
    missing: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-compatible data."""
        return {
            "x": f"time per step ({self.time_unit})",
            "y": f"force RMSE ({self.error_unit})",
            "mean": "geometric, over systems and conditions that all drawn models have",
            "systems": list(self.systems),
            "missing": list(self.missing),
            "points": [
                {
                    "label": point.label,
                    "verdict": point.status.value,
                    "force_rmse": point.error,
                    "time_per_step": point.time,
                    "on_front": point.on_front,
                }
                for point in self.points
            ],
        }


def pareto(reports: Sequence[ValidationReport]) -> Pareto:
    """Return the Pareto front of accuracy and speed.

    The points are empty unless a model has both numbers on a system shared with the others.
    """
    labels = model_labels(reports)
    errors = [_values(report, check_id=ACCURACY) for report in reports]
    times = [_values(report, check_id=SPEED) for report in reports]
    measured = [k for k in range(len(reports)) if errors[k] and times[k]]
    missing = tuple(label for k, label in enumerate(labels) if k not in measured)
    shared_errors = _shared([errors[k] for k in measured])
    shared_times = _shared([times[k] for k in measured])
    systems = tuple(dict.fromkeys(system for system, _ in (*shared_errors, *shared_times)))
    if not shared_errors or not shared_times:
        return Pareto(missing=tuple(labels))
    numbers = [
        (_mean(errors[k], keys=shared_errors), _mean(times[k], keys=shared_times)) for k in measured
    ]
    points = [
        ParetoPoint(
            labels[k], reports[k].verdict.status, *numbers[i], on_front=_on_front(i, numbers)
        )
        for i, k in enumerate(measured)
    ]
    return Pareto(
        tuple(sorted(points, key=lambda point: point.time)),
        systems,
        error_unit=next(iter(errors[measured[0]].values())).unit,
        time_unit=next(iter(times[measured[0]].values())).unit,
        missing=missing,
    )


def _values(report: ValidationReport, *, check_id: str) -> dict[tuple[str, str], CheckResult]:
    """Return the positive values of a check by system and condition."""
    return {
        (system, condition): result
        for (system, condition, id_), result in by_key(report).items()
        if id_ == check_id and result.value is not None and result.value > 0
    }


def _shared(tables: Sequence[Mapping[tuple[str, str], CheckResult]]) -> list[tuple[str, str]]:
    """Return the keys that all tables have in the same unit."""
    if not tables:
        return []
    return [
        key
        for key, first in tables[0].items()
        if all(key in table and table[key].unit == first.unit for table in tables)
    ]


def _mean(
    table: Mapping[tuple[str, str], CheckResult], *, keys: Sequence[tuple[str, str]]
) -> float:
    """Return the geometric mean, which weighs a factor equally on every system."""
    return statistics.geometric_mean(table[key].value or 1.0 for key in keys)


def _on_front(index: int, numbers: Sequence[tuple[float, float]]) -> bool:
    error, time = numbers[index]
    return not any(
        e <= error and t <= time and (e < error or t < time)
        for k, (e, t) in enumerate(numbers)
        if k != index
    )
