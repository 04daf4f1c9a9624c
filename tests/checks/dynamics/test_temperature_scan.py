from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.temperature_scan import CHECK
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition, RunFailure, Runs

TIME_PS = np.arange(1, 2001) * 0.005


@pytest.fixture
def run_at(water, make_run):
    """A run at a temperature, with a drift in meV/atom/ps and noise in meV/atom."""

    def make(kelvin, *, drift=0.0, sigma=0.13, timestep_fs=0.5, **changes):
        noise = sigma * np.random.default_rng(int(kelvin) + 1).normal(size=len(TIME_PS))
        run = make_run(water, total_ev=-140.0 + 3e-3 * (drift * TIME_PS + noise))
        condition = RunCondition("nve", kelvin, timestep_fs)
        return replace(
            run, name=f"nve_{kelvin:g}K_{timestep_fs:g}fs_r0", condition=condition, **changes
        )

    return make


@pytest.fixture
def judge(water, limits):
    def call(*runs):
        judgement = CHECK.judge(Runs(system=water, runs=runs), limits(CHECK.id))
        return CHECK.result(judgement, system=water.name)

    return call


def test_sound_at_every_temperature_passes(judge, run_at):
    result = judge(run_at(100.0), run_at(300.0, drift=0.05), run_at(500.0))
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.05, abs=0.01)
    assert "at 100, 300 and 500 K; the drift is largest at 300 K" in result.message
    assert [row["temperature_kelvin"] for row in result.evidence["temperatures"]] == [100, 300, 500]


@pytest.mark.parametrize("kelvin", [100.0, 500.0])
def test_a_drift_at_one_temperature_fails_by_name(judge, run_at, kelvin):
    runs = [run_at(at, drift=0.3 if at == kelvin else 0.0) for at in (100.0, 300.0, 500.0)]
    result = judge(*runs)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(0.3, abs=0.01)
    assert f"water at {kelvin:g} K, 0.5 fs: the total energy drifts" in result.message


def test_a_molecule_that_breaks_when_hot_fails_by_name(judge, run_at):
    failure = RunFailure("unstable", "bond O1–H2 is torn", 2.0, atoms=(0, 1))
    result = judge(run_at(100.0), run_at(500.0, failure=failure, completed_ps=2.0))
    assert result.status is Status.FAIL
    assert "at 500 K" in result.message
    assert "bond O1–H2 is torn" in result.message


def test_the_smallest_timestep_counts(judge, run_at):
    coarse = run_at(500.0, timestep_fs=2.0, drift=1.0)
    assert judge(run_at(100.0), coarse, run_at(500.0)).status is Status.PASS
    assert judge(run_at(100.0), coarse).status is Status.FAIL


def test_what_is_undecided_or_broken_is_passed_on(judge, run_at):
    undecided = judge(run_at(100.0), run_at(500.0, drift=0.1, sigma=10.0))
    assert undecided.status is Status.INCONCLUSIVE
    failure = RunFailure("error", "disk full", 1.0, traceback="line 7")
    broken = judge(run_at(100.0), run_at(500.0, failure=failure))
    assert broken.status is Status.ERROR
    assert broken.evidence["traceback"] == "line 7"


@pytest.mark.parametrize("temperatures", [(), (300.0,), (100.0, 300.0), (300.0, 500.0)])
def test_runs_that_do_not_span_the_range_are_skipped(judge, run_at, temperatures):
    result = judge(*[run_at(kelvin) for kelvin in temperatures])
    assert result.status is Status.SKIPPED
    assert "it needs runs from 100 to 500 K, and there are" in result.message


def test_its_thresholds_are_those_of_both_checks(limits):
    assert set(CHECK.limits) == set(limits(CHECK.id))


SPAN = {"temperatures_kelvin": (100.0, 500.0), "equilibration_ps": 0.02}


def test_a_sound_potential_holds_at_both_ends(measured, sound):
    subject = sound(dynamics=SPAN | {"duration_ps": 0.3, "longest_ps": 0.3})
    result = measured(CHECK, subject)
    assert result.status is Status.PASS
    assert [row["temperature_kelvin"] for row in result.evidence["temperatures"]] == [100, 500]


def test_bonds_that_break_fail(measured, faulty):
    result = measured(CHECK, faulty("weak bonds", dynamics=SPAN))
    assert result.status is Status.FAIL
    assert "FAIL" in {row["stability"] for row in result.evidence["temperatures"]}
