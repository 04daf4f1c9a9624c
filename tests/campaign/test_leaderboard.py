"""Ranks, medians and the matrix, on results that never were."""

import pytest

from openmm_mlff.campaign.leaderboard import matrix, speed_points, standings
from openmm_mlff.campaign.states import read_states
from openmm_mlff.results import VerdictStatus

MODELS = ["student:original", "student:tiny", "student:ultra-tiny"]


@pytest.fixture
def states(campaign, finish):
    """Three models on two molecules with two seeds; the last run has not ended."""
    _, cells, store = campaign(models=MODELS, systems=["water", "methane"], seeds=[1, 2])
    for cell in cells[:-1]:
        if cell.request.potential == "student:tiny":
            finish(store, cell.address, values={"force_accuracy": 0.01 * cell.request.seed})
        elif cell.request.potential == "student:original":
            finish(
                store,
                cell.address,
                verdict="REJECTED" if cell.request.seed == 2 else "APPROVED",
                failed=["energy_drift"] if cell.request.seed == 2 else [],
                values={"energy_drift": -0.5, "speed": 4.0 * cell.request.seed},
            )
        else:
            store.write_result(cell.address, {"status": "failed", "message": "it broke"})
    return read_states(store)


def test_the_approved_come_first_and_what_has_no_verdict_last(states):
    ranked = standings(states)
    assert [one.model for one in ranked] == [
        "student:tiny",
        "student:original",
        "student:ultra-tiny",
    ]
    assert [one.verdicts[VerdictStatus.APPROVED] for one in ranked] == [4, 2, 0]
    assert [(one.n_failed, one.n_open) for one in ranked] == [(0, 0), (0, 0), (3, 1)]


def test_numbers_are_medians_and_the_drift_the_largest(states):
    tiny, original, broken = standings(states)
    assert tiny.force_ev_per_angstrom == pytest.approx(0.015)
    assert original.ms_per_step == pytest.approx(6.0)
    assert original.drift_mev_per_atom_per_ps == 0.5
    assert original.failed_checks == (("energy_drift", 2),)
    assert (broken.force_ev_per_angstrom, broken.ms_per_step, broken.n_parameters) == (None,) * 3


def test_a_model_has_a_point_on_each_system_on_which_both_were_measured(states):
    points = speed_points(states)
    assert {(one.model, one.system) for one in points} == {
        (model, system) for model in MODELS[:2] for system in ("water", "methane")
    }
    assert {one.ms_per_step for one in points if one.model == "student:original"} == {6.0}


def test_the_matrix_shows_the_gravest_of_the_seeds(states):
    rows = matrix(states, models=MODELS)
    assert [(system, condition) for system, condition, _ in rows] == [
        ("water", "300 K, 0.5 fs"),
        ("methane", "300 K, 0.5 fs"),
    ]
    original, tiny, broken = rows[0][2]
    assert (original.word, original.count, original.title) == (
        "REJECTED",
        "1 of 2",
        "because of energy_drift",
    )
    assert (tiny.kind, tiny.count) == ("approved", "2 of 2")
    assert (broken.word, broken.kind, broken.has_report) == ("FAILED", "failed", False)
    # A run still to come is graver than an approval, and lighter than a failure.
    assert rows[1][2][2].kind == "failed"
