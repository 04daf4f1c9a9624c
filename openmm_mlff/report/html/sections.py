"""One section per check: question, formula, thresholds, results, charts, evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.checks import CHECKS, Check
from openmm_mlff.report.figures import PlacedPlot
from openmm_mlff.report.selection import measures
from openmm_mlff.report.templating import evidence_text, flatten
from openmm_mlff.report.wording import SYMBOLS, condition_label, limit_cell, number, with_unit
from openmm_mlff.results import MOST_SEVERE_FIRST, CheckResult, Status, ValidationReport

_COMPARED = {"value", "unit", "threshold", "at_least"}


@dataclass(frozen=True, eq=False)
class Chart:
    """A plot on the page, drawn by :func:`openmm_mlff.report.html.charts.render_chart`."""

    placed: PlacedPlot
    drawn: dict[str, Any]

    @property
    def title(self) -> str:
        """The title with the system and the condition."""
        where = f", {self.placed.where}" if self.placed.where else ""
        return f"{self.placed.plot.title}, {self.placed.system}{where}"

    @property
    def has_frames(self) -> bool:
        """Whether a point of it leads to a frame of a simulation."""
        return any("run" in trace.get("meta", {}) for trace in self.drawn["traces"])


@dataclass(frozen=True)
class EvidenceRow:
    """One quantity that was compared with a limit, or only measured; ``limit`` has its direction.

    Attributes:
        ok: None where nothing was compared.
    """

    quantity: str
    value: str
    limit: str
    ok: bool | None


@dataclass(frozen=True)
class Finding:
    """Result of a check on one system under one condition.

    Attributes:
        rows: its quantities.
        evidence: further numbers, by key.
    """

    result: CheckResult
    symbol: str
    where: str
    rows: tuple[EvidenceRow, ...]
    evidence: tuple[tuple[str, str], ...]
    traceback: str


@dataclass(frozen=True)
class Section:
    """The description of one check on the page.

    Attributes:
        spec: None for a check that is not in the registry.
        thresholds: name, value with its direction, unit and source of each.
        required: whether the verdict depends on any of its results.
        counts: symbol, name and number of each status, the most severe first.
        charts: each chart with its index among all charts of the page.
    """

    check_id: str
    group: str
    title: str
    spec: Check | None
    thresholds: tuple[tuple[str, str, str, str], ...]
    required: bool
    findings: tuple[Finding, ...]
    counts: tuple[tuple[str, str, int], ...]
    charts: tuple[tuple[int, Chart], ...]

    @property
    def failed(self) -> bool:
        """Whether any result is FAIL or ERROR."""
        return any(one.result.status in (Status.FAIL, Status.ERROR) for one in self.findings)

    @property
    def is_aside(self) -> bool:
        """Whether the check is not applicable to any system."""
        return all(one.result.status is Status.NOT_APPLICABLE for one in self.findings)

    @property
    def open(self) -> bool:
        """Whether the section is expanded initially: it failed, or a required result is open."""
        return self.failed or any(
            one.result.required and one.result.status is Status.INCONCLUSIVE
            for one in self.findings
        )


def check_sections(
    report: ValidationReport,
    *,
    charts: Sequence[Chart],
    known: Sequence[Check] = CHECKS,
) -> list[Section]:
    """Return the sections of all checks with results, open ones first, not applicable ones last."""
    by_check: dict[str, list[CheckResult]] = {}
    for result in report.checks:
        by_check.setdefault(result.id, []).append(result)
    criteria = report.protocol.get("criteria") or {}
    specs = {spec.id: spec for spec in known}
    found = [
        _section(
            results,
            spec=specs.get(check_id),
            criteria=criteria.get(check_id) or {},
            charts=_of_check(charts, check_id=check_id),
        )
        for check_id, results in by_check.items()
    ]
    return sorted(found, key=lambda section: (section.is_aside, not section.open))


def _of_check(charts: Sequence[Chart], *, check_id: str) -> list[tuple[int, Chart]]:
    """Return the charts of a check, grouped by kind."""
    mine = [(k, chart) for k, chart in enumerate(charts) if chart.placed.check_id == check_id]
    kinds = [chart.placed.plot.name for _, chart in mine]
    return sorted(mine, key=lambda one: kinds.index(one[1].placed.plot.name))


def _section(
    results: Sequence[CheckResult],
    *,
    spec: Check | None,
    criteria: Mapping[str, Mapping[str, Any]],
    charts: Sequence[tuple[int, Chart]],
) -> Section:
    first = results[0]
    statuses = [result.status for result in results]
    return Section(
        check_id=first.id,
        group=first.group,
        title=first.id if spec is None else spec.question,
        spec=spec,
        thresholds=tuple(
            (
                name,
                f"{_direction(results, one)}{number(one.get('value'))}",
                str(one.get("unit", "")),
                str(one.get("source", "")),
            )
            for name, one in criteria.items()
        ),
        required=any(result.required for result in results),
        findings=tuple(
            _finding(one)
            for one in sorted(results, key=lambda one: MOST_SEVERE_FIRST.index(one.status))
        ),
        counts=tuple(
            (SYMBOLS[status], status.value, statuses.count(status))
            for status in MOST_SEVERE_FIRST
            if status in statuses
        ),
        charts=tuple(charts),
    )


def _direction(results: Sequence[CheckResult], criterion: Mapping[str, Any]) -> str:
    """Return how values compare with a threshold; empty where none was compared."""
    compared = [
        measure
        for result in results
        for measure in measures(result)
        if measure["threshold"] == criterion.get("value")
        and measure["unit"] == criterion.get("unit")
    ]
    return "" if not compared else "≥ " if compared[0]["at_least"] else "≤ "


def _finding(result: CheckResult) -> Finding:
    condition = condition_label(result.condition)
    further = {
        key: one for key, one in result.evidence.items() if key not in ("measures", "traceback")
    }
    return Finding(
        result=result,
        symbol=SYMBOLS[result.status],
        where=f"{result.system}, {condition}" if condition else result.system,
        rows=_rows(result),
        evidence=tuple((key, evidence_text(value)) for key, value in flatten(further)),
        traceback=str(result.evidence.get("traceback") or ""),
    )


def _rows(result: CheckResult) -> tuple[EvidenceRow, ...]:
    if result.value is None:
        return ()
    rows = []
    for one in measures(result):
        shown = result.model_copy(update={key: one[key] for key in _COMPARED})
        limit = shown.threshold is not None
        rows.append(
            EvidenceRow(
                f"{one['what'][:1].upper()}{one['what'][1:]}",
                with_unit(number(shown.value), shown.unit),
                with_unit(limit_cell(shown), shown.unit) if limit else "",
                bool(one["ok"]) if limit else None,
            )
        )
    return tuple(rows)
