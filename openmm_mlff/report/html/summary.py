"""The top of the page: verdict, claims, and the most severe reasons."""

from dataclasses import dataclass

from openmm_mlff.report.reasons import leading_reasons
from openmm_mlff.results import Claim, ClaimStatus, Reason, ValidationReport, VerdictStatus

WORDS = {
    VerdictStatus.APPROVED: ("✔", "Safe for production MD within the scope below"),
    VerdictStatus.REJECTED: ("✘", "Not safe for production MD"),
    VerdictStatus.INCONCLUSIVE: ("?", "Neither approved nor rejected, for the reasons below"),
}
"""Symbol and sentence of each verdict."""

NOT_ALL_ASKED = "Sound within the scope below; accuracy was not judged"


@dataclass(frozen=True)
class Summary:
    """The verdict at the top of the page.

    Attributes:
        symbol: distinguishes verdicts without colour.
        claims: sound and accurate.
        reasons: at most three, each from another check, the most severe first.
        further: the other reasons.
    """

    status: str
    label: str
    symbol: str
    sentence: str
    claims: tuple[Claim, ...]
    reasons: tuple[Reason, ...]
    further: tuple[Reason, ...]


def summarise(report: ValidationReport) -> Summary:
    """Return the summary; its texts are those of the verdict."""
    verdict = report.verdict
    symbol, sentence = WORDS[verdict.status]
    if verdict.status is VerdictStatus.APPROVED and any(
        claim.status is ClaimStatus.NOT_ASKED for claim in verdict.claims.both
    ):
        sentence = NOT_ALL_ASKED
    chosen = leading_reasons(verdict.reasons)
    return Summary(
        status=verdict.status.value,
        label=verdict.label,
        symbol=symbol,
        sentence=sentence,
        claims=verdict.claims.both,
        reasons=tuple(verdict.reasons[k] for k in chosen),
        further=tuple(reason for k, reason in enumerate(verdict.reasons) if k not in chosen),
    )
