"""Which of a verdict's reasons are shown first, and the claims in one line."""

from collections.abc import Sequence

from openmm_mlff.results import Reason, Verdict

MOST_REASONS = 3


def leading_reasons(reasons: Sequence[Reason], *, most: int = MOST_REASONS) -> list[int]:
    """Choose the most severe reason of each check first: one check may fail on every system.

    Args:
        reasons: of a verdict, the most severe first.
        most: how many are chosen.

    Returns:
        Their indices, in order.
    """
    first: dict[str, int] = {}
    for k, reason in enumerate(reasons):
        first.setdefault(reason.check or reason.message, k)
    others = [k for k in range(len(reasons)) if k not in first.values()]
    return sorted([*first.values(), *others][:most])


def claims_line(verdict: Verdict) -> str:
    """Return the answers to the two claims, e.g. ``sound: YES, accurate: NOT ASKED``."""
    return ", ".join(f"{claim.name}: {claim.status.value}" for claim in verdict.claims.both)
