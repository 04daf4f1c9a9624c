import numpy as np
import pytest

from openmm_mlff.checks.accuracy.energy_accuracy import energy_accuracy
from openmm_mlff.records import Status


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(difference_ev):
        frames = len(difference_ev)
        reference = np.random.default_rng(1).normal(size=frames)
        arrays = {
            "model_forces": np.zeros((frames, 3, 3)),
            "reference_forces": np.zeros((frames, 3, 3)),
            "model_energies_ev": reference + difference_ev,
            "reference_energies_ev": reference,
        }
        data = {"reference": "ase:xtb", "run": "nve", "refused": 0, "requested": frames}
        observations = with_probe(water, name="reference", data=data, arrays=arrays)
        return energy_accuracy(observations, criteria("energy_accuracy"))

    return call


def test_another_zero_of_energy_is_no_error(judge):
    result = judge(np.full(100, -27.3))
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.0, abs=1e-9)
    assert result.evidence["shift_ev"] == pytest.approx(-27.3)


@pytest.mark.parametrize(("swing_ev", "status"), [(0.015, Status.PASS), (0.06, Status.FAIL)])
def test_the_mean_error_is_per_atom_about_the_shift(judge, swing_ev, status):
    result = judge(5.0 + swing_ev * np.where(np.arange(100) % 2, 1.0, -1.0))
    assert result.status is status
    assert result.value == pytest.approx(swing_ev * 1000 / 3)
    assert result.unit == "meV/atom"


def test_an_error_within_its_uncertainty_of_the_limit_is_undecided(judge):
    rng = np.random.default_rng(3)
    # √(2/π) σ / 3 atoms = 10 meV/atom.
    result = judge(0.03 * np.sqrt(np.pi / 2) * rng.normal(size=100))
    assert result.status is Status.INCONCLUSIVE


def test_two_frames_decide_nothing(judge):
    assert judge(np.zeros(2)).status is Status.INCONCLUSIVE


def test_an_energy_that_is_not_finite_fails(judge):
    difference_ev = np.zeros(100)
    difference_ev[4] = np.nan
    assert judge(difference_ev).status is Status.FAIL


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        energy_accuracy, system=water, name="reference", limits=criteria("energy_accuracy")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
