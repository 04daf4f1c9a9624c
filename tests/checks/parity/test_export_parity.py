import numpy as np
import pytest

from openmm_mlff.checks.parity.export_parity import export_parity
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.records import Status

CALLS, GEOMETRIES = 3, 5


@pytest.fixture
def record():
    """Two molecules whose export is exact."""
    rng = np.random.default_rng(1)
    arrays = {}
    for index, atoms in enumerate((3, 5)):
        forces = rng.normal(size=(GEOMETRIES, atoms, 3))
        energies_ev = rng.normal(size=GEOMETRIES) - 100.0
        arrays[f"eager_forces_{index}"] = forces
        arrays[f"eager_energies_ev_{index}"] = energies_ev
        arrays[f"exported_forces_{index}"] = np.repeat(forces[None], CALLS, axis=0)
        arrays[f"exported_energies_ev_{index}"] = np.repeat(energies_ev[None], CALLS, axis=0)
    data = {"dtype": "float32", "molecules": ["water", "methane"], "calls": CALLS, "missing": ""}
    return data, arrays


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(record):
        data, arrays = record
        observations = with_probe(water, name="export_parity", data=data, arrays=arrays)
        return export_parity(observations, criteria("export_parity"))

    return call


def test_an_exact_export_passes(judge, record):
    result = judge(record)
    assert result.status is Status.PASS
    assert result.value == 0.0
    assert len(result.evidence["measures"]) == 4


def test_a_file_that_lost_the_sum_over_neighbours_fails(judge, record):
    # −44 eV where the model gives −76 eV.
    record[1]["exported_energies_ev_1"] += 32.0
    result = judge(record)
    assert result.status is Status.FAIL
    assert result.unit == "meV/atom"
    assert result.value == pytest.approx(32.0 * 1000 / 5)
    assert "methane" in result.message


@pytest.mark.parametrize(
    ("dtype", "error", "status"),
    [
        ("float32", 0.9e-4, Status.PASS),
        ("float32", 1.1e-4, Status.FAIL),
        ("float64", 0.9e-4, Status.FAIL),
        ("float64", 0.9e-8, Status.PASS),
    ],
)
def test_the_limit_of_forces_follows_the_precision(judge, record, dtype, error, status):
    record[0]["dtype"] = dtype
    record[1]["exported_forces_0"][0, 2, 1, 2] += error
    result = judge(record)
    assert result.status is status
    assert result.value == pytest.approx(error, rel=1e-6)


def test_a_later_call_that_differs_fails(judge, record):
    record[1]["exported_forces_0"][2] *= 1.1
    result = judge(record)
    assert result.status is Status.FAIL
    assert result.evidence["first_to_later_calls_ev_per_angstrom"]["water"] > 0.01
    assert result.evidence["first_to_later_calls_ev_per_angstrom"]["methane"] == 0.0


def test_a_number_that_is_not_finite_fails(judge, record):
    record[1]["exported_energies_ev_0"][1, 1] = np.nan
    result = judge(record)
    assert result.status is Status.FAIL
    assert result.value is None


def test_what_could_not_be_compared_is_said(judge, record):
    record[0]["missing"] = "the file fixes the composition, so one size only."
    result = judge(record)
    assert result.status is Status.PASS
    assert "not compared: the file fixes" in result.message


def test_a_record_without_molecules_is_damaged(judge, record):
    record[0]["molecules"] = []
    with pytest.raises(RunDirectoryError, match="names no molecule"):
        judge(record)


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        export_parity, system=water, name="export_parity", limits=criteria("export_parity")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
    assert found[2].evidence["traceback"] == "line 7"
