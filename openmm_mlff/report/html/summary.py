"""The top of the page: the one verdict, in words, with the reasons that matter most."""

from dataclasses import dataclass

from openmm_mlff.records import ValidationReport, VerdictStatus

MOST_REASONS = 3

WORDS = {
    VerdictStatus.APPROVED: ("✔", "Safe for production MD within the scope below"),
    VerdictStatus.REJECTED: ("✘", "Not safe for production MD"),
    VerdictStatus.INCONCLUSIVE: ("?", "Not decided: not all that must be known was measured"),
}
"""Symbol and sentence of each verdict."""


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
    reasons: tuple[str, ...]
    further: tuple[str, ...]


def summarise(report: ValidationReport) -> Summary:
    """Choose what stands at the top.

    Args:
        report: with its verdict, whose words are taken as they are.

    Returns:
        The summary.
    """
    verdict = report.verdict
    symbol, sentence = WORDS[verdict.status]
    chosen = _chosen(verdict.reasons)
    return Summary(
        status=verdict.status.value,
        symbol=symbol,
        sentence=sentence,
        reasons=tuple(verdict.reasons[k] for k in chosen),
        further=tuple(
            reason for k, reason in enumerate(verdict.reasons) if k not in chosen
        ),
    )


def _chosen(reasons: tuple[str, ...]) -> list[int]:
    """Choose the gravest reason of each check first: one check may fail on every system."""
    first: dict[str, int] = {}
    for k, reason in enumerate(reasons):
        first.setdefault(reason.split(" ", 1)[0], k)
    others = [k for k in range(len(reasons)) if k not in first.values()]
    return sorted([*first.values(), *others][:MOST_REASONS])
