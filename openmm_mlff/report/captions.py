"""Sentences used in the captions of several figures."""

from collections.abc import Sequence

from openmm_mlff.report.canvas import Limits
from openmm_mlff.report.selection import find_measure
from openmm_mlff.report.wording import condition_label, number, status_label
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence, Run


def subject(observations: Evidence, *, model: str) -> str:
    """Return the subject of a figure: model, molecule, condition."""
    condition = observations.condition
    label = "" if condition is None else condition_label(condition.as_dict())
    return " · ".join(part for part in (model, observations.system.name, label) if part)


def run_sentence(runs: Sequence[Run]) -> str:
    """Return condition, number and length of the runs, in brackets."""
    label = condition_label(runs[0].condition.as_dict())
    count = "" if len(runs) == 1 else f", {len(runs)} replicas"
    longest_ps = max(run.completed_ps for run in runs)
    return f" ({label}{count}, {longest_ps:.4g} ps)"


def cut_sentence(limits: Limits, *, unit: str) -> str:
    """Return a sentence on values outside the axis, or an empty string."""
    if not limits.clipped:
        return ""
    return f" The axis is cut: values reach {number(limits.farthest)} {unit}."


def ending_sentence(runs: Sequence[Run]) -> str:
    """Return when and why each run that ended early did so."""
    sentences = []
    for run in runs:
        if run.failure is not None:
            reason = run.failure.message.rstrip(".")
            sentences.append(f" {run.name} failed at {run.failure.time_ps:.4g} ps: {reason}.")
        elif not run.survived:
            sentences.append(
                f" {run.name} ended at {run.completed_ps:.4g} of {run.requested_ps:.4g} ps."
            )
    return "".join(sentences)


def verdict_sentence(result: CheckResult | None, *, unit: str, what: str) -> str:
    """Return a sentence with a leading space: the measured value in one unit, its limit and status.

    ``what`` is the subject of the sentence, e.g. "<what> 0.1 meV". Empty where nothing was measured
    in that unit.
    """
    measure = None if result is None else find_measure(result, unit=unit)
    if result is None or measure is None:
        return ""
    words = "" if unit == "ratio" else f" {unit}"
    finite = measure.value is not None
    value = f"{number(measure.value)}{words}" if finite else "a number that is not finite"
    side = "needs at least" if measure.at_least else "limit"
    limit = "" if measure.threshold is None else f", {side} {number(measure.threshold)}{words}"
    return f" {what} {value}{limit} ({status_label(result.status)})."
