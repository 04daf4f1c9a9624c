import base64
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.report.html.trajectory import MOST_FRAMES, chosen_frames, player_runs
from openmm_mlff.storage.runs import Evidence


def test_frames_are_chosen_evenly_with_both_ends():
    chosen = chosen_frames(1001, most=11, failing=None)
    np.testing.assert_array_equal(chosen, np.arange(0, 1001, 100))
    np.testing.assert_array_equal(chosen_frames(3, most=11, failing=None), [0, 1, 2])


def test_all_frames_that_lead_to_a_failure_are_kept():
    chosen = chosen_frames(10_000, most=100, failing=777)
    assert set(range(760, 778)) <= set(chosen.tolist())
    assert {0, 9_999} <= set(chosen.tolist())
    assert len(chosen) < 150


def test_a_failed_run_marks_its_frame_atoms_and_reason(torn_report, torn_run, make_observations):
    (run,) = player_runs({"water": make_observations(runs=(torn_run,))}, torn_report)
    assert run["times"][run["failing"]] == pytest.approx(0.5)
    assert run["mishap"]["atoms"] == (0, 2)
    assert run["mishap"]["what"].startswith("the bond O1–H3 broke")
    assert run["bonds"] == [[0, 1], [0, 2]]
    assert len(run["times"]) <= MOST_FRAMES


def test_positions_are_those_of_the_trajectory_about_their_middle(
    make_report, make_observations, make_run
):
    system = load_system("methane")
    run = make_run(system)
    (entry,) = player_runs({"methane": make_observations("methane", runs=(run,))}, make_report())
    shown = entry["step"] * np.frombuffer(base64.b64decode(entry["frames"]), dtype="<i2")
    shown = shown.reshape(len(entry["times"]), system.n_atoms, 3)
    own = system.positions_angstrom - np.median(system.positions_angstrom, axis=0)
    np.testing.assert_allclose(shown[0], own, atol=entry["step"])
    assert entry["failing"] is None
    assert entry["mishap"] is None


def test_a_run_that_broke_before_its_first_frame_shows_its_start(
    torn_report, torn_run, make_observations
):
    observations = make_observations(runs=(replace(torn_run, trajectory=None),))
    (entry,) = player_runs({"water": observations}, torn_report)
    assert entry["times"] == [0.0]
    assert entry["failing"] == 0
    assert not entry["recorded"]


def test_a_healthy_run_without_frames_is_left_out(make_report, make_observations, make_run):
    run = make_run(load_system("water"), trajectory=None)
    assert player_runs({"water": make_observations(runs=(run,))}, make_report()) == []
    assert player_runs({"water": Evidence(load_system("water"))}, make_report()) == []
