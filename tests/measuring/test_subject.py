"""What a subject offers to checks: frames of its own dynamics, and what was stored of it."""

import numpy as np
import pytest

from openmm_mlff.measuring.guard import Broken
from openmm_mlff.measuring.journal import Journal
from openmm_mlff.measuring.stage_names import nve_stage, stage_timestep_fs
from openmm_mlff.measuring.trajectory import analyse_trajectory
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.measurements import Skipped
from openmm_mlff.storage.runs import EnergySeries, MomentumSeries, Run, RunCondition, RunFailure

WATER = load_system("water")
TORN = RunFailure("unstable", "a bond tore", 0.1)


def run_with(n_frames, *, failure=None):
    """A run whose frame k is displaced by k thousandths of an ångström."""
    nothing = np.empty(0)
    shifts = 0.001 * np.arange(n_frames)[:, None, None]
    trajectory = analyse_trajectory(
        (WATER.positions_angstrom + shifts).astype(np.float32),
        system=WATER,
        time_ps=0.004 * np.arange(1, n_frames + 1),
    )
    return Run(
        name="nve_300K_0.5fs_r0",
        condition=RunCondition("nve", 300.0, 0.5),
        replica=0,
        requested_ps=1.0,
        completed_ps=1.0,
        energies=EnergySeries(*[nothing] * 5),
        momenta=MomentumSeries(nothing, np.empty((0, 3)), np.empty((0, 3)), nothing),
        trajectory=trajectory,
        failure=failure,
    )


@pytest.fixture
def make_subject(new_subject, tmp_path):
    def make(**options):
        return new_subject(
            healthy("bonded", molecule=WATER, seed=0),
            WATER,
            dynamics={"equilibration_ps": 0.0, "duration_ps": 0.005, "longest_ps": 0.005},
            probes={"thermal_frames": 10},
            folder=tmp_path / "water",
            **options,
        )

    return make


@pytest.mark.parametrize(
    ("runs", "places"),
    [
        ((run_with(100),), np.arange(9, 100, 10)),
        # A short run has no more.
        ((run_with(3),), [0, 1, 2]),
        ((run_with(50, failure=TORN),), None),
        ((run_with(50, failure=TORN), run_with(3)), [0, 1, 2]),
        # Five of each.
        ((run_with(100), run_with(50)), [*range(19, 100, 20), *range(9, 50, 10)]),
        ((), None),
    ],
)
def test_thermal_frames_are_spread_over_the_whole_runs(make_subject, runs, places):
    subject = make_subject()
    subject._measured |= {"trajectories": runs, "short_runs": Skipped("no short runs")}
    frames = subject.thermal_frames
    if places is None:
        assert frames is None
        return
    assert frames.dtype == np.float64
    at = (frames[:, 0, 0] - WATER.positions_angstrom[0, 0]) / 0.001
    np.testing.assert_allclose(at, places, atol=1e-2)


def test_what_is_complete_stays_so_whatever_ends_a_later_start(make_subject):
    (first,) = make_subject().runs.runs
    assert first.survived
    minimum = make_subject().store.read("minimum")
    subject = make_subject(journal=Journal(rest=Broken("the validation took too long", "")))
    (again,) = subject.runs.runs
    assert again.survived
    np.testing.assert_array_equal(again.energies.total_ev, first.energies.total_ev)
    assert subject.store.read("minimum").data == minimum.data


@pytest.mark.parametrize("timestep_fs", [0.25, 0.5, 1.0, 1e-05, None])
def test_the_timestep_comes_back_out_of_the_name_of_a_stage(timestep_fs):
    stages = ["minimise", "parity probes"]
    if timestep_fs:
        stages = [nve_stage(runs, timestep_fs=timestep_fs) for runs in ("300 K", "8 replicas")]
    assert [stage_timestep_fs(stage) for stage in stages] == [timestep_fs] * 2
