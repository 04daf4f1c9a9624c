import math

import numpy as np
import pytest

from openmm_mlff.reporters.running import RunningLine


def test_equals_a_fit_of_the_whole_series_whatever_the_mean():
    rng = np.random.default_rng(3)
    x = np.linspace(0.0, 10.0, 400)
    y = -2000.0 + 0.01 * x + rng.normal(0.0, 0.1, len(x))
    line = RunningLine()
    for index, (time, value) in enumerate(zip(x, y, strict=True), start=1):
        line.add(time, value)
        if index in (2, 50, 400):
            assert line.slope == pytest.approx(np.polyfit(x[:index], y[:index], 1)[0], rel=1e-6)
            assert line.sigma_y == pytest.approx(y[:index].std(), rel=1e-9)


def test_recovers_a_planted_slope_exactly():
    line = RunningLine()
    for step in range(10):
        line.add(0.5 * step, 3.0 - 0.25 * step)
    assert line.slope == pytest.approx(-0.5, abs=1e-14)


def test_says_nothing_before_there_are_points():
    line = RunningLine()
    assert math.isnan(line.slope)
    assert math.isnan(line.sigma_y)
    line.add(1.0, 2.0)
    assert math.isnan(line.slope)
    assert line.sigma_y == 0.0
