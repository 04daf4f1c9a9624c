from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.momentum_conservation import CHECK
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.report.momentum_figure import momentum_figure
from openmm_mlff.storage.runs import MomentumSeries, RunFailure


def spinning(observations, *, gain):
    """Water whose angular momentum about z grows with time."""
    (run,) = observations.runs
    time_ps = run.momenta.time_ps
    angular = np.zeros((len(time_ps), 3))
    angular[:, 2] = 5.0 + gain * (time_ps - time_ps[0])
    momenta = MomentumSeries(time_ps, np.zeros_like(angular), angular, np.ones(len(time_ps)))
    return replace(observations, runs=(replace(run, momenta=momenta),))


def judged(observations):
    limits = load_protocol("standard").limits_for("momentum_conservation")
    return CHECK.result(CHECK.judge(observations, limits), system="water")


def test_the_curve_ends_at_the_number_of_the_check(
    make_observations, figures, tmp_path, png_inches
):
    observations = spinning(make_observations(), gain=3.0)
    result = judged(observations)
    record = momentum_figure(observations, path=tmp_path / "m.png", result=result)
    assert png_inches(record.path) == pytest.approx((3.4, 2.5), abs=0.01)
    (axes,) = figures[0].axes
    curve, limit = axes.lines
    assert curve.get_ydata().max() == pytest.approx(result.value)
    assert limit.get_ydata()[0] == result.threshold
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < result.threshold < result.value < high
    assert "(✘ FAIL)" in record.caption


def test_the_limit_is_seen_above_a_healthy_run(make_observations, figures, tmp_path):
    observations = spinning(make_observations(), gain=1e-6)
    momentum_figure(observations, path=tmp_path / "m.png", result=judged(observations))
    low, high = figures[0].axes[0].get_ylim()
    assert low < 1e-6
    assert high > 1e-3


def test_a_momentum_that_stays_to_the_last_bit_is_drawn(make_observations, tmp_path):
    observations = make_observations()
    assert momentum_figure(observations, path=tmp_path / "m.png", result=None) is not None


def test_a_failure_is_told_and_each_replica_has_a_curve(make_observations, figures, tmp_path):
    observations = spinning(make_observations(), gain=1.0)
    (run,) = observations.runs
    failed = replace(run, name="r1", replica=1, failure=RunFailure("unstable", "bond torn.", 0.25))
    both = replace(observations, runs=(run, failed))
    record = momentum_figure(both, path=tmp_path / "m.png", result=judged(observations))
    labels = [text.get_text() for text in figures[0].axes[0].get_legend().get_texts()]
    assert labels[:2] == ["replica 0", "replica 1"]
    assert "r1 failed at 0.25 ps: bond torn." in record.caption


def test_of_a_box_the_linear_momentum_is_drawn(make_observations, figures, tmp_path):
    observations = spinning(make_observations(), gain=1.0)
    boxed = replace(observations, system=observations.system.with_cell(20.0 * np.eye(3)))
    record = momentum_figure(boxed, path=tmp_path / "m.png", result=None)
    assert record.title == "Linear momentum"
    assert "√(kT M)" in record.caption
    assert "It reaches 0." in record.caption


def test_without_momenta_there_is_no_figure(make_observations, tmp_path):
    observations = make_observations()
    (run,) = observations.runs
    nothing = MomentumSeries(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    lost = replace(run.momenta, angular=np.full((200, 3), np.nan))
    atom = MolecularSystem("atom", np.array([8]), np.zeros((1, 3)))
    cases = [
        replace(observations, runs=()),
        replace(observations, runs=(replace(run, momenta=nothing),)),
        replace(observations, runs=(replace(run, momenta=lost),)),
        replace(observations, system=atom),
    ]
    for case in cases:
        assert momentum_figure(case, path=tmp_path / "m.png", result=None) is None
    assert not list(tmp_path.iterdir())
