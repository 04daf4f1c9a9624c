"""Recommendations in sentences."""

from collections.abc import Sequence

from openmm_mlff.report.comparing.pareto import Pareto, ParetoPoint
from openmm_mlff.report.selection import NO_FAULT, model_labels, verdict_words
from openmm_mlff.report.wording import listed, number
from openmm_mlff.results import ClaimStatus, ValidationReport, VerdictStatus

_NOTABLE = 1.05
"""Smaller factors are not mentioned, since speeds vary by as much."""


def recommend(reports: Sequence[ValidationReport], *, weighed: Pareto) -> list[str]:
    """Return sentences on which model to use; only approved models are recommended."""
    labelled = list(zip(model_labels(reports), reports, strict=True))
    by_status: dict[VerdictStatus, list[str]] = {status: [] for status in VerdictStatus}
    for label, report in labelled:
        by_status[report.verdict.status].append(label)
    approved = by_status[VerdictStatus.APPROVED]
    if approved and len({report.systems for report in reports}) > 1:
        sentences = [f"Approved, each on its own systems: {listed(approved)}."]
    else:
        sentences = _of_approved(approved, weighed=weighed)
    unjudged = [
        label
        for label, report in labelled
        if label in approved and report.verdict.claims.accurate.status is not ClaimStatus.YES
    ]
    short = [label for label, report in labelled if verdict_words(report) == NO_FAULT]
    undecided = [label for label in by_status[VerdictStatus.INCONCLUSIVE] if label not in short]
    for found, before, after in (
        (unjudged, "The accuracy of", " was not judged."),
        (by_status[VerdictStatus.REJECTED], "Do not use", ": REJECTED."),
        (
            short,
            "No fault was found in",
            " by a protocol too short to approve: validate by standard, liquid or crystal.",
        ),
        (undecided, "Not yet", ": INCONCLUSIVE; the report's next step says what is missing."),
    ):
        if found:
            sentences.append(f"{before} {listed(found)}{after}")
    return sentences


def _of_approved(approved: Sequence[str], *, weighed: Pareto) -> list[str]:
    if not approved:
        return ["None of these models is approved for production MD."]
    points = [point for point in weighed.points if point.label in approved]
    if len(approved) == 1:
        return [f"Use {approved[0]}: it is the only approved one."]
    if len(points) < len(approved):
        unweighed = [label for label in approved if label not in {p.label for p in points}]
        return [
            f"Approved: {listed(approved)}. Accuracy and speed of {listed(unweighed)} were not "
            "measured on the same systems, so they cannot be ranked."
        ]
    fastest = min(points, key=lambda point: (point.time, point.error))
    closest = min(points, key=lambda point: (point.error, point.time))
    sentences = [_choice(fastest, closest, systems=weighed.systems)]
    middle = [p for p in points if p.on_front and p not in (fastest, closest)]
    if middle and fastest is not closest:
        sentences.append(
            f"Between these two, also on the front: {listed([p.label for p in middle])}."
        )
    beaten = [p.label for p in points if not p.on_front]
    if beaten:
        sentences.append(f"Another model is both faster and more accurate than {listed(beaten)}.")
    return sentences


def _choice(fastest: ParetoPoint, closest: ParetoPoint, *, systems: Sequence[str]) -> str:
    on = f"on {', '.join(systems)}"
    if fastest is closest:
        return f"Use {fastest.label}: the most accurate and the fastest of those approved, {on}."
    faster, farther = closest.time / fastest.time, fastest.error / closest.error
    if faster < _NOTABLE:
        return (
            f"Use {closest.label}: the most accurate of those approved, and hardly slower than any "
            f"({on})."
        )
    return (
        f"Where accuracy matters, use {closest.label}; where speed matters, use {fastest.label}, "
        f"{number(faster, digits=2)} times as fast at {number(farther, digits=2)} times the force "
        f"error ({on})."
    )
