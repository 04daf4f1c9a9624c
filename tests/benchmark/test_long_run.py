import math
import os

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark.long_run import growth, long_run, slowing
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_growth_is_that_of_the_second_half():
    warming = [100.0, 180.0, 200.0, 201.0, 202.0, 203.0]
    assert growth(warming, steps_of_block=5_000) == pytest.approx(2.0)
    assert math.isnan(growth([100.0], steps_of_block=10))


def test_slowing_leaves_out_the_block_that_compiles():
    assert slowing([50.0, 1.0, 1.0, 1.2, 1.5, 1.5]) == pytest.approx(1.5)
    assert slowing([2.0]) == 1.0


def test_a_short_long_run(water, tmp_path):
    seen = []
    found = long_run(
        load_potential("student:ultra-tiny"),
        water,
        platform=named_platform("Reference"),
        duration_ps=0.1,
        n_blocks=2,
        folder=tmp_path,
        on_block=seen.append,
    )
    assert seen == [1, 2]
    assert found["steps"] >= 200
    assert found["time_ps"][-1] == pytest.approx(0.5e-3 * found["steps"])
    assert all(len(found[name]) == 2 for name in ("wall_ms_per_step", "resident_mebibytes"))
    rows = np.loadtxt(tmp_path / "energies.csv", delimiter=",", skiprows=1)
    assert np.ptp(rows[:, 4]) < 0.05


@pytest.mark.extended
@pytest.mark.timeout(3 * 3600)
@pytest.mark.skipif("MLFF_EXTENDED" not in os.environ, reason="set MLFF_EXTENDED=1: half an hour")
def test_a_nanosecond_needs_no_more_memory_and_no_more_time(water, tmp_path):
    found = long_run(
        load_potential("student:ultra-tiny"),
        water,
        platform=named_platform("Reference"),
        duration_ps=1000.0,
        n_blocks=40,
        folder=tmp_path,
    )
    assert found["memory_growth_mebibytes_per_10000_steps"] < 0.1
    assert found["slowing"] < 1.1
