"""Selection of the reasons shown first, and the claims in one line."""

from collections.abc import Sequence

from openmm_mlff.results import Reason, Verdict

MOST_REASONS = 3


def leading_reasons(reasons: Sequence[Reason], *, most: int = MOST_REASONS) -> list[int]:
    """Return indices of the most severe reasons, one per check first."""
    first: dict[str, int] = {}
    for k, reason in enumerate(reasons):
        first.setdefault(reason.check or reason.message, k)
    others = [k for k in range(len(reasons)) if k not in first.values()]
    return sorted([*first.values(), *others][:most])


def claims_line(verdict: Verdict) -> str:
    """Format the claims, e.g. ``sound: YES, accurate: NOT ASKED``."""
    return ", ".join(f"{claim.name}: {claim.status.value}" for claim in verdict.claims.both)
