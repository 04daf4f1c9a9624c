"""Smooth surfaces pass, with one precision or two; half precision does not."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.precision_noise import CHECK, Record
from openmm_mlff.results import Status


@pytest.mark.parametrize(
    ("kind", "method"), [("bonded", "line"), ("pair", "line"), ("network", "float32-float64")]
)
def test_healthy_potentials_pass(of_healthy, kind, method):
    result = of_healthy(CHECK, kind)

    assert result.status is Status.PASS
    assert result.evidence["method"] == method
    assert result.evidence["energy_noise_ev"] < 1e-10


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon).status is Status.PASS


@pytest.mark.parametrize("fault", ["half precision", "half precision in a network"])
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 5 * result.threshold


def record(*, line_ev=0.0, long_line_ev=0.0, refused=0):
    return Record(line_noise_ev=line_ev, long_line_noise_ev=long_line_ev, refused=refused)


@pytest.mark.parametrize(
    ("noise", "status"),
    [
        ({"line_ev": 1e-6}, Status.PASS),
        ({"line_ev": 1e-4}, Status.FAIL),
        ({"long_line_ev": 1e-4}, Status.FAIL),
        ({"line_ev": np.nan}, Status.FAIL),
        ({"long_line_ev": np.nan}, Status.FAIL),
        ({"line_ev": np.nan, "refused": 1}, Status.INCONCLUSIVE),
    ],
)
def test_roughness_becomes_a_force_over_the_length_of_a_step(limits, noise, status):
    judgement = CHECK.judge(record(**noise), limits("precision_noise"))

    assert judgement.status is status
    if status is Status.FAIL and np.isfinite(judgement.value):
        assert judgement.value == pytest.approx(np.sqrt(2) * 1e-4 / 0.01)


@pytest.mark.parametrize(
    ("noise", "energy_ev", "status"),
    [
        (4e-3, 0.0, Status.PASS),
        (6e-3, 0.0, Status.FAIL),
        (np.nan, 0.0, Status.FAIL),
        (0.0, np.inf, Status.FAIL),
    ],
)
def test_the_root_mean_square_between_precisions_is_judged(limits, noise, energy_ev, status):
    rng = np.random.default_rng(1)
    forces = np.repeat(rng.normal(size=(1, 50, 3, 3)), 2, axis=0)
    energies_ev = np.zeros((2, 50))
    forces[0] += noise * rng.normal(size=forces[0].shape)
    energies_ev[0] += energy_ev
    both = Record(
        line_noise_ev=0.0, long_line_noise_ev=0.0, refused=0, energies_ev=energies_ev, forces=forces
    )

    judgement = CHECK.judge(both, limits("precision_noise"))

    assert judgement.status is status
    if np.isfinite(judgement.value) and noise:
        # 450 components tell a standard deviation to 3.3 %.
        assert judgement.value == pytest.approx(noise, rel=0.1)
