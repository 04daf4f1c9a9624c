"""From what strength on does a check see a fault?  Bracketing, and bisection of the logarithm."""

import math
from collections.abc import Callable
from dataclasses import dataclass

STRIDE = 3.0
"""Factor between the strengths tried until one is seen and one is not."""

HALVINGS = 2
"""Bisections of that factor: the onset then lies between bounds 3^(1/4) apart, 15 per cent from
their mean."""

MOST_STRIDES = 8
"""Strides down before the search ends: a fault seen at a 6000th of the prediction has no onset."""


@dataclass(frozen=True)
class Onset:
    """Between which strengths a check begins to see a fault.

    Attributes:
        unseen: the largest strength tried that was not seen; 0 where every one was.
        seen: the smallest strength tried that was seen; infinite where none was.
    """

    unseen: float
    seen: float

    @property
    def strength(self) -> float:
        """The geometric mean; the bound that there is where the other is missing."""
        if self.unseen == 0.0 or math.isinf(self.seen):
            return self.seen
        return math.sqrt(self.unseen * self.seen)


def find_onset(sees: Callable[[float], bool], *, start: float, gross: float) -> Onset:
    """Find where a check begins to see a fault.

    Args:
        sees: whether the check sees a strength.
        start: where the search begins.
        gross: a strength beyond which it does not look.

    Returns:
        A bracket of a quarter of a stride, where there is one.
    """
    unseen, seen = _bracket(sees, start=start, gross=gross)
    if unseen > 0.0 and math.isfinite(seen):
        for _ in range(HALVINGS):
            middle = math.sqrt(unseen * seen)
            if sees(middle):
                seen = middle
            else:
                unseen = middle
    return Onset(unseen, seen)


def _bracket(sees: Callable[[float], bool], *, start: float, gross: float) -> tuple[float, float]:
    """Go up until the fault is seen, or down until it is not."""
    strength = min(start, gross)
    if sees(strength):
        for _ in range(MOST_STRIDES):
            lower = strength / STRIDE
            if not sees(lower):
                return lower, strength
            strength = lower
        return 0.0, strength
    while strength < gross:
        higher = min(STRIDE * strength, gross)
        if sees(higher):
            return strength, higher
        strength = higher
    return strength, math.inf
