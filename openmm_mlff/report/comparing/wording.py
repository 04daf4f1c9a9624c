"""Phrases shared by the terminal output and the page of a comparison."""

from openmm_mlff.report.comparing.changes import Change
from openmm_mlff.report.comparing.summary import Difference
from openmm_mlff.report.wording import (
    NOTHING,
    REPORTED_MARK,
    condition_label,
    integer,
    status_label,
    value_text,
)
from openmm_mlff.results import CheckResult

KIND_WORDS = {
    "worse": "worse",
    "better": "better",
    "changed": "changed",
    "lost": "no longer there",
    "new": "new",
}


def place(result: CheckResult, *, several: bool) -> str:
    """Return the system and, where several conditions were run, the condition."""
    condition = condition_label(result.condition)
    return f"{result.system} ({condition})" if condition and several else result.system


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
