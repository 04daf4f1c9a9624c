"""All that a comparison with a baseline finds."""

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
        label: of the model.
        verdicts: before and now.
        verdict_worse: whether the verdict is worse.
        changes: of status.
        values: beyond their intervals.
    """

    label: str
    verdicts: tuple[Verdict, Verdict]
    verdict_worse: bool
    changes: tuple[Change, ...]
    values: tuple[ValueChange, ...]

    def got_worse(self, *, strict: bool = False) -> bool:
        """Tell whether anything got worse.

        Args:
            strict: whether a value of a required check that got worse beyond its interval counts.

        Returns:
            True where it did.
        """
        fell = self.verdict_worse or any(change.counts for change in self.changes)
        if not strict:
            return fell
        return fell or any(
            change.direction == "worse" and change.after.required for change in self.values
        )

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON."""
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
    """Several reports, the first of which is the baseline.

    Attributes:
        labels: of the models.
        differences: of every report but the first from the first.
        weighed: accuracy and speed.
        advice: sentences.
    """

    labels: tuple[str, ...]
    differences: tuple[Difference, ...]
    weighed: Pareto
    advice: tuple[str, ...]

    def got_worse(self, *, strict: bool = False) -> bool:
        """Tell whether any report got worse than the baseline."""
        return any(difference.got_worse(strict=strict) for difference in self.differences)

    def as_dict(self) -> dict[str, Any]:
        """Give what `comparison.json` says beyond the results themselves."""
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
    """Compare reports with the first of them and with one another.

    Args:
        reports: the baseline first.

    Returns:
        What was found.
    """
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
