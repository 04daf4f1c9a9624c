"""Determine the strength at which a check starts to detect a fault, by logarithmic bisection."""

import math
from collections.abc import Callable
from dataclasses import dataclass

STRIDE = 3.0
"""Factor between strengths during bracketing."""

HALVINGS = 2
"""Bisections of that factor: the bounds of the onset differ by 3^(1/4), 15 % from their mean."""

MOST_STRIDES = 8
"""Strides down before the search ends: a fault detected at 1/6000 of the prediction has none."""


@dataclass(frozen=True)
class Onset:
    """Bracket of the strength at which a check starts to detect a fault.

    Attributes:
        unseen: largest strength not detected; 0 if all were detected.
        seen: smallest strength detected; infinite if none was.
    """

    unseen: float
    seen: float

    @property
    def strength(self) -> float:
        """Geometric mean of the bounds, or the only bound."""
        if self.unseen == 0.0 or math.isinf(self.seen):
            return self.seen
        return math.sqrt(self.unseen * self.seen)


def find_onset(sees: Callable[[float], bool], *, start: float, gross: float) -> Onset:
    """Determine the onset of detection; strengths above `gross` are not tried."""
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
    """Increase the strength until the fault is detected, or decrease it until it is not."""
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
