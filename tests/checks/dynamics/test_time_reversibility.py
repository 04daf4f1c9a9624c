import numpy as np
import pytest

from openmm_mlff.checks.dynamics.time_reversibility import time_reversibility
from openmm_mlff.config import Threshold
from openmm_mlff.records import Status

LIMITS = {"distance": Threshold(value=1e-3, unit="Å", source="ours")}


@pytest.fixture
def judge(water, with_probe):
    def call(*, far=0.3, missed=0.0, failure=""):
        start = water.positions_angstrom
        back = start.copy()
        back[1, 2] += missed
        observations = with_probe(
            water,
            name="time_reversibility",
            data={"dtype": "float32", "steps": 500, "timestep_fs": 0.5, "failure": failure},
            arrays={
                "start_positions_angstrom": start,
                "far_positions_angstrom": start + far,
                "back_positions_angstrom": back,
            },
        )
        return time_reversibility(observations, LIMITS)

    return call


def test_back_at_its_start_passes(judge):
    result = judge(missed=2e-6)
    assert result.status is Status.PASS
    assert result.value == pytest.approx(2e-6)
    assert result.evidence["farthest_angstrom"] == pytest.approx(0.3 * np.sqrt(3))
    assert "after 500 steps on and 500 back" in result.message


def test_an_atom_that_misses_its_start_fails(judge):
    result = judge(missed=-0.01)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(0.01)
    assert list(result.evidence["distance_angstrom"]) == pytest.approx([0.0, 0.01, 0.0])


def test_numbers_that_are_none_fail(judge):
    result = judge(missed=np.nan)
    assert result.status is Status.FAIL
    assert judge(far=np.nan).status is Status.FAIL


def test_nothing_that_moved_decides_nothing(judge):
    result = judge(far=1e-4)
    assert result.status is Status.INCONCLUSIVE
    assert "no atom moved farther than 0.001 Å" in result.message


def test_a_run_that_broke_fails(judge):
    result = judge(far=np.nan, missed=np.nan, failure="at 0.1 ps: coordinates are not numbers.")
    assert result.status is Status.FAIL
    assert "the run broke: at 0.1 ps" in result.message


def test_without_the_probe_nothing_is_judged(probe_refusals, water):
    missing, skipped, broken = probe_refusals(
        time_reversibility, system=water, name="time_reversibility", limits=LIMITS
    )
    assert (missing.status, skipped.status, broken.status) == (
        Status.SKIPPED,
        Status.SKIPPED,
        Status.ERROR,
    )
