import numpy as np
import pytest

from openmm_mlff.checks.parity.determinism import determinism
from openmm_mlff.records import Status

REPEATS = 20


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(*, platform="CPU", force_noise=0.0, energy_noise_ev=0.0, repeats=REPEATS, scale=1.0):
        rng = np.random.default_rng(1)
        forces = np.repeat(scale * rng.normal(size=(1, 3, 3)), repeats, axis=0)
        forces[-1, 0, 0] += force_noise
        energies_ev = np.full(repeats, -100.0)
        energies_ev[-1] += energy_noise_ev
        observations = with_probe(
            water,
            name="determinism",
            data={"platform": platform, "dtype": "float32"},
            arrays={"forces": forces, "energies_ev": energies_ev},
        )
        return determinism(observations, criteria("determinism"))

    return call


@pytest.mark.parametrize("platform", ["CPU", "Reference", "CUDA"])
def test_equal_answers_pass(judge, platform):
    assert judge(platform=platform).status is Status.PASS


def test_dropout_left_on_fails(judge):
    result = judge(force_noise=0.3)
    assert result.status is Status.FAIL
    assert result.unit == "ratio"


def test_state_kept_between_calls_shows_in_the_energy_alone(judge):
    result = judge(energy_noise_ev=0.01)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(1e-4, rel=1e-3)
    assert "energy" in result.message
    assert result.evidence["energy_noise_mev_per_atom"] == pytest.approx(10.0 / 3)


@pytest.mark.parametrize(
    ("platform", "noise", "status"),
    [
        ("CPU", 5e-4, Status.FAIL),
        ("CUDA", 5e-4, Status.PASS),
        ("OpenCL", 1.1e-3, Status.FAIL),
    ],
)
def test_a_gpu_may_be_noisy_within_its_limit(judge, platform, noise, status):
    result = judge(platform=platform, force_noise=noise)
    assert result.status is status
    assert result.evidence["force_noise_ev_per_angstrom"] == pytest.approx(noise)


def test_vanishing_forces_are_no_scale(judge):
    assert judge(scale=0.0, force_noise=5e-8).status is Status.PASS


@pytest.mark.parametrize("platform", ["CPU", "CUDA"])
@pytest.mark.parametrize("fault", ["force_noise", "energy_noise_ev"])
def test_a_number_that_is_not_finite_fails(judge, platform, fault):
    assert judge(platform=platform, **{fault: np.nan}).status is Status.FAIL


def test_one_call_compares_nothing(judge):
    assert judge(repeats=1).status is Status.INCONCLUSIVE


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        determinism, system=water, name="determinism", limits=criteria("determinism")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
