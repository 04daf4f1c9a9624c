import numpy as np
import pytest

from openmm_mlff.checks.dynamics.time_reversibility import CHECK, Record
from openmm_mlff.results import Status


@pytest.fixture
def judge(water, limits):
    def call(*, far=0.3, missed=0.0, failure=""):
        start = water.positions_angstrom
        back = start.copy()
        back[1, 2] += missed
        record = Record(
            start_positions_angstrom=start,
            far_positions_angstrom=start + far,
            back_positions_angstrom=back,
            steps=500,
            timestep_fs=0.5,
            dtype="float32",
            failure=failure,
        )
        return CHECK.judge(record, limits(CHECK.id))

    return call


@pytest.mark.parametrize(
    ("planted", "status", "value"),
    [
        ({"missed": 2e-6}, Status.PASS, 2e-6),
        ({"missed": -0.01}, Status.FAIL, 0.01),
        ({"missed": np.nan}, Status.FAIL, np.nan),
        # Positions on the way that are not finite do not hide behind a good end.
        ({"far": np.nan}, Status.FAIL, np.nan),
        ({"far": 1e-4}, Status.INCONCLUSIVE, None),
        ({"far": np.nan, "missed": np.nan, "failure": "NaN at 0.1 ps"}, Status.FAIL, None),
    ],
)
def test_the_largest_distance_from_the_start_decides(judge, planted, status, value):
    judgement = judge(**planted)
    assert judgement.status is status
    assert judgement.value == (
        value if value is None else pytest.approx(value, nan_ok=True, rel=1e-6)
    )


def test_the_evidence_names_the_distance_of_every_atom(judge):
    evidence = judge(missed=0.01).evidence
    assert list(evidence["distance_angstrom"]) == pytest.approx([0.0, 0.01, 0.0])
    assert evidence["farthest_angstrom"] == pytest.approx(0.3 * np.sqrt(3))


def test_a_sound_potential_returns_to_the_last_digits(measured, sound):
    result = measured(CHECK, sound(probes={"reversal_steps": 100}))
    assert result.status is Status.PASS
    assert result.value < 1e-9
    assert result.evidence["farthest_angstrom"] > 0.01


@pytest.mark.parametrize(("fault", "strength"), [("thermostat left on", None), ("drag", 1.0)])
def test_forces_that_remember_do_not_return(measured, faulty, fault, strength):
    subject = faulty(fault, strength=strength, probes={"reversal_steps": 100})
    result = measured(CHECK, subject)
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_where_no_simulation_ended_it_is_skipped_and_asked_again(measured, faulty):
    subject = faulty("weak bonds")
    assert measured(CHECK, subject).status is Status.SKIPPED
    assert subject.store.read(CHECK.id).status == "skipped"
