"""A sound export agrees with the model; one of another model does not."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.export_parity import CHECK, Record
from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("molecule", "precision", "other"),
    [
        ("water", "double", "methane"),
        ("water", "single", "methane"),
        ("methane", "double", "water"),
    ],
)
def test_a_sound_export_passes(of_healthy, molecule, precision, other):
    result = of_healthy(CHECK, "network", molecule=molecule, precision=precision)

    assert result.status is Status.PASS
    names = [molecule, f"{molecule} (any composition)", f"{other} (any composition)"]
    assert list(result.evidence["first_to_later_calls_ev_per_angstrom"]) == names
    assert result.evidence["geometries"] == 4


@pytest.mark.parametrize("fault", ["wrong cutoff in the export", "lost sum over neighbours"])
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 1e3 * result.threshold


def test_what_is_run_as_it_is_has_no_export(of_healthy):
    assert of_healthy(CHECK, "bonded").status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"force": 0.9e-4, "dtype": "float32"}, Status.PASS),
        ({"force": 1.1e-4, "dtype": "float32"}, Status.FAIL),
        ({"force": 0.9e-4}, Status.FAIL),
        ({"force": 0.9e-8}, Status.PASS),
        ({"energy": 0.11, "pair": 1}, Status.FAIL),
        ({"energy": np.nan}, Status.FAIL),
    ],
)
def test_limits_follow_the_precision(limits, differences, changes, status):
    record = Record(
        **differences(**changes), programs=("water", "methane"), first_to_later=np.zeros(2)
    )
    assert CHECK.judge(record, limits("export_parity")).status is status
