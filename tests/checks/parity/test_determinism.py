"""Analytic potentials repeat themselves; dropout, hidden state and stale lists do not."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.determinism import CHECK, Record
from openmm_mlff.results import Status


@pytest.mark.parametrize(("kind", "platform"), [("bonded", "Reference"), ("network", "CPU")])
def test_healthy_potentials_pass(of_healthy, kind, platform):
    result = of_healthy(CHECK, kind, platform=platform, probes={"repeats": 5})

    assert result.status is Status.PASS
    assert result.evidence["calls"] == 5
    assert result.evidence["platform"] == platform


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon).status is Status.PASS


@pytest.mark.parametrize("fault", ["dropout", "hidden state", "stale neighbour list"])
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 100 * result.threshold


@pytest.fixture
def judge(limits):
    def call(*, platform="CPU", force=0.0, energy_ev=0.0, calls=20, scale=1.0):
        rng = np.random.default_rng(1)
        forces = np.repeat(scale * rng.normal(size=(1, 3, 3)), calls, axis=0)
        energies_ev = np.full(calls, -100.0)
        if calls:
            forces[-1, 0, 0] += force
            energies_ev[-1] += energy_ev
        record = Record(platform=platform, dtype="float32", energies_ev=energies_ev, forces=forces)
        return CHECK.judge(record, limits("determinism"))

    return call


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"platform": "CUDA"}, Status.PASS),
        ({"force": 5e-4}, Status.FAIL),
        ({"force": 5e-4, "platform": "CUDA"}, Status.PASS),
        ({"force": 1.1e-3, "platform": "OpenCL"}, Status.FAIL),
        ({"force": np.nan}, Status.FAIL),
        ({"force": np.nan, "platform": "CUDA"}, Status.FAIL),
        ({"energy_ev": np.nan}, Status.FAIL),
        ({"energy_ev": np.nan, "platform": "CUDA"}, Status.FAIL),
        ({"force": 5e-8, "scale": 0.0}, Status.PASS),
        ({"calls": 1}, Status.INCONCLUSIVE),
        ({"calls": 0}, Status.INCONCLUSIVE),
    ],
)
def test_judgements(judge, changes, status):
    assert judge(**changes).status is status


def test_the_energy_alone_may_differ(judge):
    judgement = judge(energy_ev=0.01)

    assert judgement.status is Status.FAIL
    assert judgement.value == pytest.approx(1e-4, rel=1e-3)
    assert judgement.evidence["energy_noise_mev_per_atom"] == pytest.approx(10.0 / 3)
