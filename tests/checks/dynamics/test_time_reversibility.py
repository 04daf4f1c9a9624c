import numpy as np
import pytest

from openmm_mlff.checks.dynamics.time_reversibility import CHECK, Record
from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("far", "missed", "failure", "status", "value"),
    [
        (0.3, 2e-6, "", Status.PASS, 2e-6),
        (0.3, -0.01, "", Status.FAIL, 0.01),
        (0.3, np.nan, "", Status.FAIL, np.nan),
        # Positions on the way that are not finite do not hide behind a good end.
        (np.nan, 0.0, "", Status.FAIL, np.nan),
        (1e-4, 0.0, "", Status.INCONCLUSIVE, None),
        (np.nan, np.nan, "NaN at 0.1 ps", Status.FAIL, None),
    ],
)
def test_the_largest_distance_decides(decides, water, far, missed, failure, status, value):
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
    judgement = decides(record, status, value)
    if missed == -0.01:
        assert list(judgement.evidence["distance_angstrom"]) == pytest.approx([0.0, 0.01, 0.0])
        assert judgement.evidence["farthest_angstrom"] == pytest.approx(0.3 * np.sqrt(3))


def test_where_no_simulation_ended_it_is_skipped_and_asked_again(measured, faulty):
    subject = faulty("weak bonds")
    assert measured(subject).status is Status.SKIPPED
    assert subject.store.read(CHECK.id).status == "skipped"
