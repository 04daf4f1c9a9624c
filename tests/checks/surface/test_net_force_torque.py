"""Forces that cancel pass; a push and a couple fail."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.net_force_torque import Record
from openmm_mlff.results import Status


def test_in_a_box_torques_are_not_judged(measured, subject_at, argon_box, lennard_jones):
    result = measured(subject_at(lennard_jones(), argon_box))
    assert result.status is Status.PASS
    assert [measure["unit"] for measure in result.evidence["measures"]] == ["meV/Å"]


@pytest.mark.parametrize(
    ("net", "torque", "refused", "status", "unit"),
    [
        (0.9e-3, 0.5e-3, 0, Status.PASS, "meV/Å"),
        (2e-3, 0.0, 0, Status.FAIL, "meV/Å"),
        (0.0, 2e-3, 0, Status.FAIL, "meV"),
        (np.nan, 0.0, 0, Status.FAIL, "meV/Å"),
        (0.5e-3, 0.0, 1, Status.PASS, "meV/Å"),
        (0.5e-3, 0.0, 2, Status.INCONCLUSIVE, None),
    ],
)
def test_the_largest_sum_decides(judge, without_noise, net, torque, refused, status, unit):
    record = Record(
        net_force_ev_per_angstrom=np.full((5, 1), net) * [[0.6, 0.0, -0.8]],
        torque_ev=np.full((5, 1), torque) * [[0.0, 1.0, 0.0]],
        refused=np.arange(5) < refused,
        n_atoms=3,
        positions_angstrom=np.zeros((5, 3, 3)),
        energies_ev=np.zeros(5),
        forces=np.zeros((5, 3, 3)),
        **without_noise,
    )
    judgement = judge(record)
    assert (judgement.status, judgement.unit) == (status, unit)
