from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.temperature_scan import CHECK
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunCondition, RunFailure, Runs

TIME_PS = np.arange(1, 2001) * 0.005
TORN = {"failure": RunFailure("unstable", "torn", 2.0, atoms=(0, 1)), "completed_ps": 2.0}
FULL = {"failure": RunFailure("error", "disk full", 1.0, traceback="line 7")}


@pytest.mark.parametrize(
    ("runs", "status", "worst"),
    [
        # Runs by temperature: drift in meV/atom/ps, then whatever else is different.
        ([(100, 0), (300, 0.05), (500, 0)], Status.PASS, 300),
        ([(100, 0.3), (300, 0), (500, 0)], Status.FAIL, 100),
        ([(100, 0), (300, 0), (500, 0.3)], Status.FAIL, 500),
        ([(100, 0), (500, 0, TORN)], Status.FAIL, 500),
        # The smallest timestep counts.
        ([(100, 0), (500, 1.0, {"timestep_fs": 2.0}), (500, 0)], Status.PASS, None),
        ([(100, 0), (500, 1.0, {"timestep_fs": 2.0})], Status.FAIL, 500),
        ([(100, 0), (500, 0.1, {"sigma": 10.0})], Status.INCONCLUSIVE, 500),
        ([(100, 0), (500, 0, FULL)], Status.ERROR, 500),
        ([], Status.SKIPPED, None),
        ([(300, 0)], Status.SKIPPED, None),
        ([(100, 0), (300, 0)], Status.SKIPPED, None),
        ([(300, 0), (500, 0)], Status.SKIPPED, None),
    ],
)
def test_the_worst_temperature_counts(judge, water, make_run, runs, status, worst):
    def run_at(kelvin, drift, changes=None):
        rest = {"sigma": 0.13, "timestep_fs": 0.5} | (changes or {})
        noise = rest.pop("sigma") * np.random.default_rng(kelvin + 1).normal(size=len(TIME_PS))
        condition = RunCondition("nve", float(kelvin), rest.pop("timestep_fs"))
        run = make_run(water, total_ev=-140.0 + 3e-3 * (drift * TIME_PS + noise))
        return replace(run, name=str(condition), condition=condition, **rest)

    judgement = judge(Runs(system=water, runs=tuple(run_at(*run) for run in runs)))
    assert judgement.status is status
    if worst is not None:
        assert f"at {worst} K" in judgement.clause
    if status is not Status.SKIPPED:
        rows = judgement.evidence["temperatures"]
        assert [row["temperature_kelvin"] for row in rows] == sorted({run[0] for run in runs})
    if status in (Status.PASS, Status.FAIL) and worst == runs[-1][0] and len(runs[-1]) == 2:
        assert judgement.value == pytest.approx(runs[-1][1], abs=0.01)
    if status is Status.ERROR:
        assert judgement.evidence["traceback"] == "line 7"


def test_its_thresholds_are_those_of_both_checks(protocols):
    assert set(CHECK.limits) == set(protocols["standard"].limits_for(CHECK.id))


SPAN = {"temperatures_kelvin": (100.0, 500.0), "equilibration_ps": 0.02}


def test_a_sound_potential_holds_at_both_ends(measured, sound):
    result = measured(sound(dynamics=SPAN | {"duration_ps": 0.3, "longest_ps": 0.3}))
    assert result.status is Status.PASS
    assert [row["temperature_kelvin"] for row in result.evidence["temperatures"]] == [100, 500]


def test_bonds_that_break_fail(measured, faulty):
    result = measured(faulty("weak bonds", dynamics=SPAN))
    assert result.status is Status.FAIL
    assert "FAIL" in {row["stability"] for row in result.evidence["temperatures"]}
