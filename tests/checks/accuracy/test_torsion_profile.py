import numpy as np
import pytest

from openmm_mlff.checks.accuracy.torsion_profile import torsion_profile
from openmm_mlff.config import Threshold
from openmm_mlff.molecules import load_system
from openmm_mlff.records import Status
from openmm_mlff.units import ev_from_kcal_per_mol

LIMITS = {"barrier": Threshold(value=1.0, unit="kcal/mol", source="test")}
ANGLES = np.arange(0.0, 360.0, 15.0)


@pytest.fixture
def judge(with_probe):
    """Two bonds with threefold profiles 3 and 10 kcal/mol high."""

    def call(*, error=0.0, used=None, noise=0.0, spoil=None):
        heights = np.array([[3.0], [10.0]])
        shape = 0.5 * (1.0 - np.cos(np.radians(3.0 * ANGLES)))
        reference = ev_from_kcal_per_mol(heights * shape)
        model = ev_from_kcal_per_mol((heights + np.array([[0.0], [error]])) * shape) - 7.0
        rng = np.random.default_rng(2)
        arrays = {
            "angles_degrees": np.tile(ANGLES, (2, 1)),
            "used": np.ones((2, 24), dtype=bool) if used is None else used,
            "reference_energies_ev": reference,
            "reference_repeat_energies_ev": reference.copy(),
            "model_energies_ev": model,
            "model_repeat_energies_ev": model
            + ev_from_kcal_per_mol(noise) * rng.normal(size=model.shape),
        }
        if spoil:
            arrays[spoil][1, 5] = np.nan
        data = {
            "reference": "ase:xtb",
            "bonds": ["C0–C1", "C1–O2"],
            "requested": 48,
            "reference_refused": 0,
            "unconverged": 0,
            "bonds_changed": 0,
            "model_refused": 0,
            "reasons": [],
        }
        observations = with_probe(
            load_system("ethanol"), name="torsion_profile", data=data, arrays=arrays
        )
        return torsion_profile(observations, LIMITS)

    return call


def test_equal_profiles_pass_whatever_the_zero_of_energy(judge):
    result = judge()
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.0, abs=1e-9)
    barriers = [p["barrier_reference_kcal_per_mol"] for p in result.evidence["profiles"]]
    assert barriers == pytest.approx([3.0, 10.0])


@pytest.mark.parametrize(
    ("error", "status"), [(0.9, Status.PASS), (1.1, Status.FAIL), (-1.1, Status.FAIL)]
)
def test_a_wrong_barrier_is_found_and_its_bond_named(judge, error, status):
    result = judge(error=error)
    assert result.status is status
    assert result.value == pytest.approx(abs(error))
    assert result.unit == "kcal/mol"
    assert "turning C1–O2" in result.message
    # A threefold cosine of height e has a standard deviation of e/√8.
    rms = result.evidence["profiles"][1]["rms_difference_kcal_per_mol"]
    assert rms == pytest.approx(abs(error) / 8**0.5)


@pytest.mark.parametrize("missing", [4, 5])
def test_a_bond_is_judged_on_four_fifths_of_its_points(judge, missing):
    used = np.ones((2, 24), dtype=bool)
    used[0, :missing] = False
    result = judge(used=used)
    assert result.status is (Status.PASS if missing == 4 else Status.INCONCLUSIVE)
    if missing == 5:
        assert "19 of 24 points of the rotation about C0–C1" in result.message


def test_a_wrong_barrier_fails_though_another_bond_was_not_measured(judge):
    used = np.ones((2, 24), dtype=bool)
    used[0] = False
    assert judge(error=2.0, used=used).status is Status.FAIL
    assert judge(used=np.zeros((2, 24), dtype=bool)).status is Status.INCONCLUSIVE


def test_noise_on_both_sides_of_the_limit_decides_nothing(judge):
    assert judge(error=0.9, noise=0.1).status is Status.INCONCLUSIVE
    result = judge(error=0.5, noise=0.1)
    assert result.status is Status.PASS
    limits = [p["detection_limit_kcal_per_mol"] for p in result.evidence["profiles"]]
    assert limits == pytest.approx([0.2, 0.2], rel=0.3)


@pytest.mark.parametrize("spoil", ["model_energies_ev", "model_repeat_energies_ev"])
def test_energies_of_the_potential_that_are_not_numbers_fail(judge, spoil):
    result = judge(spoil=spoil)
    assert result.status is Status.FAIL
    assert "not finite" in result.message


def test_points_that_were_not_used_may_hold_anything(judge):
    used = np.ones((2, 24), dtype=bool)
    used[1, 5] = False
    assert judge(used=used, spoil="model_energies_ev").status is Status.PASS


def test_without_its_probe_it_never_passes(probe_refusals, water):
    found = probe_refusals(torsion_profile, system=water, name="torsion_profile", limits=LIMITS)
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
