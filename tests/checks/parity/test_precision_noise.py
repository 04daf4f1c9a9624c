"""Smooth forces pass, with one precision or two; rough ones do not, whatever the energy is."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.precision_noise import CHECK, Record
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.staircase import STAIR_EV


@pytest.mark.parametrize(("kind", "measures"), [("bonded", 2), ("pair", 2), ("network", 3)])
def test_healthy_potentials_pass(of_healthy, kind, measures):
    result = of_healthy(CHECK, kind)

    assert result.status is Status.PASS
    assert len(result.evidence["measures"]) == measures
    assert result.evidence["energy_noise_mev"] < 1e-7
    assert result.evidence["energy_stairs_mev"] == 0.0


@pytest.mark.parametrize("molecule", ["water", "methane"])
def test_a_staircase_of_the_energy_is_reported_and_passes(of_healthy, molecule):
    result = of_healthy(CHECK, "staircase", molecule=molecule)

    assert result.status is Status.PASS
    assert result.value < 1e-9
    assert result.evidence["energy_stairs_mev"] == pytest.approx(1e3 * STAIR_EV)
    assert result.evidence["energy_stairs_are_float32"]
    assert result.evidence["energy_stairs_over_kt"] == pytest.approx(0.98 / 25.85, rel=0.01)
    assert "staircase of 0.977 meV, one float32 ulp" in result.message


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon).status is Status.PASS


@pytest.mark.parametrize(
    "fault",
    ["half precision", "half precision in a network", "rough forces under a staircase"],
)
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 5 * result.threshold


def record(*, short=0.0, long=0.0, energy_noise_ev=0.0, refused=0, **both):
    return Record(
        short_line_forces=short,
        long_line_forces=long,
        energy_noise_ev=energy_noise_ev,
        energy_quantum_ev=0.0,
        energy_ev=-2000.0,
        temperature_kelvin=300.0,
        refused=refused,
        **both,
    )


@pytest.mark.parametrize(
    ("noise", "status", "value"),
    [
        ({"short": 4e-3}, Status.PASS, 4e-3),
        ({"short": 6e-3}, Status.FAIL, 6e-3),
        ({"long": 6e-3}, Status.FAIL, 6e-3),
        ({"energy_noise_ev": 0.1}, Status.PASS, 0.0),
        ({"energy_noise_ev": np.nan}, Status.FAIL, np.nan),
        ({"short": np.nan}, Status.FAIL, np.nan),
        ({"long": np.nan}, Status.FAIL, np.nan),
        ({"short": np.nan, "refused": 1}, Status.INCONCLUSIVE, None),
    ],
)
def test_forces_decide_and_energies_do_not(limits, noise, status, value):
    judgement = CHECK.judge(record(**noise), limits("precision_noise"))

    assert judgement.status is status
    assert judgement.value == (None if value is None else pytest.approx(value, nan_ok=True))


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

    judgement = CHECK.judge(
        record(energies_ev=energies_ev, forces=forces), limits("precision_noise")
    )

    assert judgement.status is status
    if np.isfinite(judgement.value) and noise:
        # 450 components tell a standard deviation to 3.3 %.
        assert judgement.value == pytest.approx(noise, rel=0.1)
