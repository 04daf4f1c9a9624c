"""Models that agree pass; one that differs from the others is found, and none is no committee."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.uncertainty import Record
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle


@pytest.mark.parametrize(
    ("factors", "status"),
    [((), Status.NOT_APPLICABLE), ((1.0, 1.0), Status.PASS), ((1.0, 8.0), Status.FAIL)],
)
def test_the_spread_is_that_of_the_forces(measured, make_subject, scaled, water, factors, status):
    potential = FieldOracle(water, seed=0)
    potential.committee = tuple(scaled(FieldOracle(water, seed=0), factor) for factor in factors)
    subject = make_subject(potential, water, probes={"thermal_frames": 10})
    result = measured(subject)
    assert result.status is status
    if factors:
        forces = subject.evaluate(subject.thermal_frames).forces_ev_per_angstrom
        # The standard deviation of the factors, times the size of the forces.
        expected = np.std([1.0, *factors], ddof=1) * np.sqrt(np.mean(forces**2))
        assert result.value == pytest.approx(expected, abs=1e-9)
        assert len(result.evidence["per_frame"]) == 10


def record(spread, *, lost=0, frames=10):
    refused = np.arange(frames) < lost
    variances = np.where(refused, np.nan, np.asarray(spread) ** 2)
    return Record(
        committee=("student:b", "student:c"),
        symbols=("O", "H"),
        frame_variances=variances,
        atom_variances=np.array([0.04, 0.01]),
        refused=refused,
    )


VARIED = np.linspace(0.0, 0.4, 10)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"spread": 0.19}, Status.PASS),
        ({"spread": 0.21}, Status.FAIL),
        ({"spread": VARIED}, Status.INCONCLUSIVE),
        ({"spread": np.nan}, Status.FAIL),
        ({"spread": 0.1, "lost": 2}, Status.PASS),
        ({"spread": 0.1, "lost": 3}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(judge, changes, status):
    judgement = judge(record(**changes))
    assert judgement.status is status
    if status is Status.PASS:
        assert judgement.evidence["per_element"] == pytest.approx({"O": 0.2, "H": 0.1})
