"""The top of the page: the one verdict, in words, with the reasons that matter most."""

from dataclasses import dataclass

from openmm_mlff.records import ValidationReport, VerdictStatus
from openmm_mlff.report.reasons import leading_reasons

WORDS = {
    VerdictStatus.APPROVED: ("✔", "Safe for production MD within the scope below"),
    VerdictStatus.REJECTED: ("✘", "Not safe for production MD"),
    VerdictStatus.INCONCLUSIVE: ("?", "Not decided: not all that must be known was measured"),
}
"""Symbol and sentence of each verdict."""


@dataclass(frozen=True)
class Reason:
    """One of the verdict's reasons.

    Attributes:
        head: check, status, system and numbers, where the reason names them first.
        text: the rest, in words.
        check_id: of the section that it points to; empty where there is none.
    """

    head: str
    text: str
    check_id: str


@dataclass(frozen=True)
class Summary:
    """The verdict as the page's top shows it.

    Attributes:
        status: its name.
        symbol: so that it is not told by its colour alone.
        sentence: in plain words.
        reasons: at most three, each of another check, the gravest first.
        further: the other reasons.
    """

    status: str
    symbol: str
    sentence: str
    reasons: tuple[Reason, ...]
    further: tuple[Reason, ...]


def summarise(report: ValidationReport) -> Summary:
    """Choose what stands at the top.

    Args:
        report: with its verdict, whose words are taken as they are.

    Returns:
        The summary.
    """
    verdict = report.verdict
    symbol, sentence = WORDS[verdict.status]
    chosen = leading_reasons(verdict.reasons)
    return Summary(
        status=verdict.status.value,
        symbol=symbol,
        sentence=sentence,
        reasons=tuple(_reason(verdict.reasons[k], report=report) for k in chosen),
        further=tuple(
            _reason(reason, report=report)
            for k, reason in enumerate(verdict.reasons)
            if k not in chosen
        ),
    )


def _reason(reason: str, *, report: ValidationReport) -> Reason:
    """Part a reason where it names a check, its status and numbers, from what it says of them."""
    known = {check.id for check in report.checks}
    parts = reason.split(": ")
    for k, part in enumerate(parts[:-1][:2]):
        first = part.split(" ", 1)[0]
        if first in known:
            return Reason(": ".join(parts[: k + 1]), ": ".join(parts[k + 1 :]), first)
    return Reason("", reason, "")
