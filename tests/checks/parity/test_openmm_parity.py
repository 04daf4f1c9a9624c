import numpy as np
import pytest

from openmm_mlff.checks.parity.openmm_parity import openmm_parity
from openmm_mlff.records import Status
from openmm_mlff.units import KJ_PER_MOL_PER_EV


@pytest.fixture
def record():
    """Two platforms that agree with ASE."""
    rng = np.random.default_rng(1)
    forces, energies_ev = rng.normal(size=(6, 3, 3)), rng.normal(size=6) - 140.0
    paths = [
        {"platform": "Reference", "precision": "double", "key": "a", "single_precision": False},
        {"platform": "OpenCL", "precision": "single", "key": "b", "single_precision": True},
    ]
    arrays = {"ase_forces": forces, "ase_energies_ev": energies_ev}
    for path in paths:
        arrays[f"forces_{path['key']}"] = forces.copy()
        arrays[f"energies_ev_{path['key']}"] = energies_ev.copy()
    return {"dtype": "float64", "paths": paths}, arrays


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(record):
        data, arrays = record
        observations = with_probe(water, name="openmm_parity", data=data, arrays=arrays)
        return openmm_parity(observations, criteria("openmm_parity"))

    return call


def test_platforms_that_agree_pass(judge, record):
    assert judge(record).status is Status.PASS


@pytest.mark.parametrize(
    ("key", "error", "status"),
    [
        ("a", 1e-7, Status.FAIL),
        ("b", 1e-7, Status.PASS),
        ("b", 0.9e-3, Status.PASS),
        ("b", 1.1e-3, Status.FAIL),
    ],
)
def test_a_single_precision_platform_has_its_own_limit(judge, record, key, error, status):
    record[1][f"forces_{key}"][3, 1, 0] += error
    result = judge(record)
    assert result.status is status
    assert result.value == pytest.approx(error, rel=1e-3)


def test_a_unit_lost_on_the_way_fails_and_is_named(judge, record):
    record[1]["energies_ev_b"] *= KJ_PER_MOL_PER_EV
    result = judge(record)
    assert result.status is Status.FAIL
    assert "OpenCL (single)" in result.message
    assert result.unit == "meV/atom"


def test_atoms_in_another_order_fail(judge, record):
    record[1]["forces_a"] = record[1]["forces_a"][:, [1, 0, 2]]
    assert judge(record).status is Status.FAIL


def test_a_number_that_is_not_finite_fails(judge, record):
    record[1]["forces_b"][0, 0, 0] = np.inf
    assert judge(record).status is Status.FAIL


def test_no_platform_decides_nothing(judge, record):
    record[0]["paths"] = []
    assert judge(record).status is Status.INCONCLUSIVE


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        openmm_parity, system=water, name="openmm_parity", limits=criteria("openmm_parity")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
