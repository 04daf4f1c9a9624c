"""OpenMM's leapfrog and ASE's velocity Verlet are one trajectory; other masses are another."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.trajectory_parity import Record
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults.plant import in_system
from openmm_mlff.selftest.oracles import healthy


@pytest.mark.parametrize("settings", [{"platform": "CPU"}, {"precision": "single"}])
def test_a_network_has_one_trajectory(measured, sound, settings):
    result = measured(sound("network", probes={"parity_steps": 50}, **settings))
    assert result.status is Status.PASS
    assert len(result.evidence["difference_angstrom"]) == 50
    assert result.evidence["largest_displacement_angstrom"] > 0.05


def test_constraints_have_no_counterpart(measured, make_subject, water):
    plant = in_system(lambda system, _: system.addConstraint(0, 1, 0.0957))
    potential = plant(healthy("bonded", molecule=water, seed=0), 1.0)
    assert measured(make_subject(potential, water)).status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("dtype", "apart", "travelled", "status", "beyond"),
    [
        ("float64", 0.0, 1.0, Status.PASS, None),
        ("float32", 5e-4, 1.0, Status.PASS, None),
        ("float64", 5e-4, 1.0, Status.FAIL, 150),
        ("float64", np.nan, np.nan, Status.FAIL, 150),
        ("float64", 0.0, 0.0, Status.INCONCLUSIVE, None),
    ],
)
def test_limits_follow_the_precision(decides, dtype, apart, travelled, status, beyond):
    difference = np.where(np.arange(200) < 150, 0.0, apart)
    record = Record(
        dtype=dtype, difference_angstrom=difference, largest_displacement_angstrom=travelled
    )
    assert decides(record, status).evidence["first_frame_beyond"] == beyond
