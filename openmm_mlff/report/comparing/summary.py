"""The complete comparison with a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.report.comparing.advice import recommend
from openmm_mlff.report.comparing.changes import Change, status_changes, verdict_is_worse
from openmm_mlff.report.comparing.pareto import Pareto, pareto
from openmm_mlff.report.comparing.values import ValueChange, value_changes
from openmm_mlff.report.selection import model_labels
from openmm_mlff.results import ValidationReport, Verdict


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
        fell = self.verdict_worse or any(change.counts for change in self.changes)
        if not strict:
            return fell
        return fell or any(
            change.direction == "worse" and change.after.required for change in self.values
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
            verdict_is_worse(baseline, report),
            tuple(status_changes(baseline, report)),
            tuple(value_changes(baseline, report)),
        )
        for label, report in zip(labels[1:], reports[1:], strict=True)
        if baseline is not None
    ]
    return ComparisonSummary(
        tuple(labels), tuple(differences), weighed, tuple(recommend(reports, weighed=weighed))
    )
