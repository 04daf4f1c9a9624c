import numpy as np
import pytest

from openmm_mlff.checks.parity.interpolation_ends import SPEC, interpolation_ends
from openmm_mlff.config import Threshold
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.records import Status

LIMITS = {
    "energy": Threshold(value=0.1, unit="meV/atom", source="a test"),
    "forces": Threshold(value=1e-3, unit="eV/Å", source="a test"),
}
N_ATOMS, N_ML_ATOMS = 30, 3


@pytest.fixture
def record():
    """A force field and a mixed system between which the interpolation is exact."""
    rng = np.random.default_rng(1)
    mm_ev, mixed_ev = rng.normal(size=4) - 400.0, rng.normal(size=4) - 500.0
    mm, mixed = rng.normal(size=(2, 4, N_ATOMS, 3))
    arrays = {}
    for name, share in (
        ("mm", 0.0),
        ("lambda_0", 0.0),
        ("lambda_half", 0.5),
        ("lambda_1", 1.0),
        ("mixed", 1.0),
        ("sum", 1.0),
    ):
        arrays[f"energies_ev_{name}"] = (1 - share) * mm_ev + share * mixed_ev
        arrays[f"forces_{name}"] = (1 - share) * mm + share * mixed
    return {"n_ml_atoms": N_ML_ATOMS, "platform": "Reference"}, arrays


@pytest.fixture
def judge(water, with_probe):
    def call(record):
        data, arrays = record
        observations = with_probe(water, name="interpolation_ends", data=data, arrays=arrays)
        return interpolation_ends(observations, LIMITS)

    return call


def test_exact_ends_pass(judge, record):
    result = judge(record)
    assert result.status is Status.PASS
    assert len(result.evidence["measures"]) == 8
    assert result.evidence["geometries"] == 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sum", "in the mixed system"),
        ("mm", "at λ = 0"),
        ("lambda_half", "at λ = 1/2"),
    ],
)
@pytest.mark.parametrize(("share", "status"), [(0.9, Status.PASS), (1.1, Status.FAIL)])
def test_an_energy_is_shared_among_the_ml_atoms_alone(judge, record, name, said, share, status):
    # 0.1 meV for each of three ML atoms, not for each of thirty.
    record[1][f"energies_ev_{name}"][2] += share * 3e-4
    result = judge(record)
    assert result.status is status
    assert result.value == pytest.approx(share * 0.1, rel=1e-6)
    assert said in result.message
    assert "3 ML atoms" in result.message


@pytest.mark.parametrize(("error", "status"), [(0.9e-3, Status.PASS), (1.1e-3, Status.FAIL)])
def test_a_force_that_differs_at_one_end_is_found(judge, record, error, status):
    record[1]["forces_mm"][1, 5, 2] += error
    result = judge(record)
    assert result.status is status
    assert result.value == pytest.approx(error)
    assert result.unit == "eV/Å"


def test_a_curve_between_right_ends_fails(judge, record):
    record[1]["energies_ev_lambda_half"] += 1.0
    assert "the mean of both ends" in judge(record).message


@pytest.mark.parametrize("name", ["sum", "lambda_0", "lambda_half"])
def test_a_number_that_is_not_finite_fails(judge, record, name):
    record[1][f"energies_ev_{name}"][0] = np.nan
    assert judge(record).status is Status.FAIL


@pytest.mark.parametrize("count", [None, 0, "nine"])
def test_a_record_without_a_count_of_ml_atoms_is_damaged(judge, record, count):
    record[0]["n_ml_atoms"] = count
    with pytest.raises(RunDirectoryError, match="n_ml_atoms"):
        judge(record)


def test_its_thresholds_are_those_that_it_names():
    assert SPEC.thresholds == {name: limit.unit for name, limit in LIMITS.items()}


def test_without_its_probe_it_never_passes(probe_refusals, water):
    found = probe_refusals(
        interpolation_ends, system=water, name="interpolation_ends", limits=LIMITS
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
