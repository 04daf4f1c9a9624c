"""Incremental least-squares fit of a line in constant memory."""

import math


class RunningLine:
    """Least squares of y against x, updated point by point.

    Means and co-moments are updated as by B. P. Welford, Technometrics 4 (1962) 419, to avoid
    cancellation in a long series with a large mean.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean_x = 0.0
        self._mean_y = 0.0
        self._sum_xx = 0.0
        self._sum_xy = 0.0
        self._sum_yy = 0.0

    def add(self, x: float, y: float) -> None:
        """Add one point."""
        self._count += 1
        from_mean_x = x - self._mean_x
        from_mean_y = y - self._mean_y
        self._mean_x += from_mean_x / self._count
        self._mean_y += from_mean_y / self._count
        self._sum_xx += from_mean_x * (x - self._mean_x)
        self._sum_xy += from_mean_x * (y - self._mean_y)
        self._sum_yy += from_mean_y * (y - self._mean_y)

    @property
    def slope(self) -> float:
        """Slope, y per x; NaN for fewer than two distinct x."""
        return self._sum_xy / self._sum_xx if self._sum_xx > 0.0 else math.nan

    @property
    def sigma_y(self) -> float:
        """Standard deviation of y about its mean; NaN without points."""
        return math.sqrt(self._sum_yy / self._count) if self._count else math.nan
