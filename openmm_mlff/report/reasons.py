"""Which of a verdict's reasons are shown first."""

from collections.abc import Sequence

MOST_REASONS = 3


def leading_reasons(reasons: Sequence[str], *, most: int = MOST_REASONS) -> list[int]:
    """Choose the gravest reason of each check first: one check may fail on every system.

    Args:
        reasons: of a verdict, the gravest first, each beginning with the check's name.
        most: how many are chosen.

    Returns:
        Their places, in order.
    """
    first: dict[str, int] = {}
    for k, reason in enumerate(reasons):
        first.setdefault(reason.split(" ", 1)[0], k)
    others = [k for k in range(len(reasons)) if k not in first.values()]
    return sorted([*first.values(), *others][:most])
