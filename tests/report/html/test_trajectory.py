import base64

import numpy as np
import pytest

from openmm_mlff.report.html.trajectory import (
    MOST_FRAMES,
    chosen_frames,
    structure_pictures,
    structure_svg,
    viewer_runs,
)
from openmm_mlff.storage.runs import Evidence

from ..conftest import with_run


def test_frames_are_chosen_evenly_with_both_ends_and_all_that_lead_to_a_failure():
    chosen = chosen_frames(1001, most=11, failing=None)
    np.testing.assert_array_equal(chosen, np.arange(0, 1001, 100))
    np.testing.assert_array_equal(chosen_frames(3, most=11, failing=None), [0, 1, 2])
    chosen = chosen_frames(10_000, most=100, failing=777)
    assert {0, 9_999, *range(760, 778)} <= set(chosen.tolist())
    assert len(chosen) < 150


def test_a_failed_run_marks_its_frame_atoms_and_reason(torn_report, torn_evidence):
    (run,) = viewer_runs({"water": torn_evidence}, torn_report)
    assert run["times"][run["failing"]] == pytest.approx(0.5)
    assert run["mishap"]["atoms"] == (0, 2)
    assert run["mishap"]["what"].startswith("the bond O1–H3 broke")
    assert run["bonds"] == [[0, 1], [0, 2]]
    assert len(run["times"]) <= MOST_FRAMES
    # Where it broke before its first frame, the start is shown.
    (run,) = viewer_runs({"water": with_run(torn_evidence, trajectory=None)}, torn_report)
    assert (run["times"], run["failing"], bool(run["recorded"])) == ([0.0], 0, False)


def test_positions_are_those_of_the_trajectory_about_their_median(make_report, make_observations):
    evidence = make_observations("methane")
    (entry,) = viewer_runs({"methane": evidence}, make_report())
    shown = entry["step"] * np.frombuffer(base64.b64decode(entry["frames"]), dtype="<i2")
    positions = evidence.system.positions_angstrom
    own = positions - np.median(positions, axis=0)
    shown = shown.reshape(len(entry["times"]), *own.shape)
    np.testing.assert_allclose(shown[0], own, atol=entry["step"])
    assert (entry["failing"], entry["mishap"]) == (None, None)


def test_a_healthy_run_without_frames_is_omitted(make_report, make_observations):
    evidence = make_observations()
    for case in (with_run(evidence, trajectory=None), Evidence(evidence.system)):
        assert viewer_runs({"water": case}, make_report()) == []


def test_a_system_has_its_start_as_a_picture_and_a_failed_one_its_failing_frame_first(
    make_observations, torn_report, torn_evidence
):
    methane = make_observations("methane")
    broken, healthy = structure_pictures({"methane": methane, "water": torn_evidence}, torn_report)
    assert (broken.system, healthy.system) == ("water", "methane")
    # Three atoms, of which the hydrogen that leaves and the oxygen have a ring.
    assert broken.svg.count("<circle") == 3 + 2
    assert broken.svg.count('class="ring"') == 2
    assert (healthy.svg.count("<circle"), healthy.svg.count("<path")) == (5, 4)
    assert "ring" not in healthy.svg
    # It fails before the bond is much longer; later it is torn.
    system = torn_evidence.system
    last = torn_evidence.runs[0].trajectory.positions_angstrom[-1]
    assert structure_svg(system, last).count('class="torn"') == 1
