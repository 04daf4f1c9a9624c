"""The complete comparison with a baseline, and its phrases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.advice import recommend
from openmm_mlff.report.comparing.changes import (
    Change,
    ValueChange,
    status_changes,
    value_changes,
)
from openmm_mlff.report.comparing.merging import verdict_rank
from openmm_mlff.report.comparing.pareto import Pareto, pareto
from openmm_mlff.report.selection import model_labels
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    condition_label,
    integer,
    status_label,
    value_text,
)
from openmm_mlff.results import CheckResult, ValidationReport, Verdict


@dataclass(frozen=True)
class Difference:
    """One report against the baseline.

    Attributes:
        verdicts: before and after.
        values: changes beyond their intervals.
    """

    label: str
    verdicts: tuple[Verdict, Verdict]
    verdict_worse: bool
    changes: tuple[Change, ...]
    values: tuple[ValueChange, ...]

    def got_worse(self, *, strict: bool = False) -> bool:
        """Return whether anything got worse.

        If ``strict``, a required check whose value got worse beyond its interval counts too.
        """
        return (
            self.verdict_worse
            or any(change.counts for change in self.changes)
            or (
                strict
                and any(one.direction == "worse" and one.after.required for one in self.values)
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-compatible data."""
        return {
            "verdict": {
                "before": self.verdicts[0].status.value,
                "after": self.verdicts[1].status.value,
                "label_before": self.verdicts[0].label,
                "label_after": self.verdicts[1].label,
                "worse": self.verdict_worse,
            },
            "got_worse": self.got_worse(),
            "changes": [change.as_dict() for change in self.changes],
            "values": [change.as_dict() for change in self.values],
        }


@dataclass(frozen=True)
class ComparisonSummary:
    """Comparison of several reports, the first of which is the baseline."""

    labels: tuple[str, ...]
    differences: tuple[Difference, ...]
    weighed: Pareto
    advice: tuple[str, ...]

    def got_worse(self, *, strict: bool = False) -> bool:
        """Return whether any report got worse than the baseline."""
        return any(difference.got_worse(strict=strict) for difference in self.differences)

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `comparison.json` besides the results."""
        return {
            "baseline": self.labels[0] if self.labels else None,
            "got_worse": self.got_worse(),
            "differences": {
                difference.label: difference.as_dict() for difference in self.differences
            },
            "pareto": self.weighed.as_dict(),
            "recommendation": list(self.advice),
        }


def summarise(reports: Sequence[ValidationReport]) -> ComparisonSummary:
    """Compare all reports with the first, which is the baseline, and with one another."""
    labels = model_labels(reports)
    weighed = pareto(reports)
    baseline = reports[0] if reports else None
    differences = [
        Difference(
            label,
            (baseline.verdict, report.verdict),
            verdict_rank(report) > verdict_rank(baseline),
            tuple(status_changes(baseline, report)),
            tuple(value_changes(baseline, report)),
        )
        for label, report in zip(labels[1:], reports[1:], strict=True)
        if baseline is not None
    ]
    return ComparisonSummary(
        tuple(labels), tuple(differences), weighed, tuple(recommend(reports, weighed=weighed))
    )


def place(result: CheckResult, *, several: bool) -> str:
    """Return the system and, where several conditions were run, the condition."""
    condition = condition_label(result.condition)
    return f"{result.system} ({condition})" if condition and several else result.system


def kind_words(change: Change) -> str:
    """Return the kind of a change in words."""
    return "no longer present" if change.kind == "lost" else change.kind


def side(result: CheckResult | None) -> str:
    """Format one side of a change: status, and value where there is one."""
    if result is None:
        return NOTHING
    value = "" if result.value is None else f" {value_text(result)}"
    return f"{status_label(result.status)}{value}"


def name(change: Change) -> str:
    """Return the check id of a change, with a mark where no verdict depends on it."""
    return change.result.id if change.required else f"{change.result.id}{REPORTED_MARK}"


def headline(difference: Difference, *, baseline: str) -> str:
    """Return one sentence that summarises the changes since the baseline."""
    before, after = (verdict.label for verdict in difference.verdicts)
    verdict = f"still {after}" if before == after else f"{before} before, {after} now"
    worse = sum(change.counts for change in difference.changes)
    better = sum(change.kind == "better" and change.required for change in difference.changes)
    counted = [
        f"{integer(count)} required {'result' if count == 1 else 'results'} {word}"
        for count, word in ((worse, "worse"), (better, "better"))
        if count
    ]
    changes = " and ".join(counted) or "no required result got worse or better"
    return f"{difference.label} against {baseline}: {verdict}; {changes}."
