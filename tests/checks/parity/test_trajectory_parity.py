"""OpenMM's leapfrog and ASE's velocity Verlet are one trajectory; other masses are another."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.trajectory_parity import CHECK, Record
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults.plant import in_system
from openmm_mlff.selftest.oracles import healthy

STEPS = {"parity_steps": 50}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("bonded", {}),
        ("network", {"platform": "CPU"}),
        ("network", {"precision": "single"}),
    ],
)
def test_healthy_potentials_pass(of_healthy, kind, settings):
    result = of_healthy(CHECK, kind, probes=STEPS, **settings)

    assert result.status is Status.PASS
    assert len(result.evidence["difference_angstrom"]) == 50
    assert result.evidence["largest_displacement_angstrom"] > 0.05


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon, probes=STEPS).status is Status.PASS


def test_swapped_masses_fail(of_faulty):
    result = of_faulty(CHECK, "masses swapped")

    assert result.status is Status.FAIL
    assert result.evidence["first_frame_beyond"] < 20


def test_constraints_have_no_counterpart(measured, make_subject, water):
    plant = in_system(lambda system, _: system.addConstraint(0, 1, 0.0957))
    potential = plant(healthy("bonded", molecule=water, seed=0), 1.0)

    assert measured(CHECK, make_subject(potential, water)).status is Status.NOT_APPLICABLE


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
def test_limits_follow_the_precision(limits, dtype, apart, travelled, status, beyond):
    difference = np.where(np.arange(200) < 150, 0.0, apart)
    record = Record(
        dtype=dtype, difference_angstrom=difference, largest_displacement_angstrom=travelled
    )

    judgement = CHECK.judge(record, limits("trajectory_parity"))

    assert judgement.status is status
    limit = 1e-3 if dtype == "float32" else 1e-4
    assert judgement.evidence["first_frame_beyond"] == (None if apart <= limit else beyond)
