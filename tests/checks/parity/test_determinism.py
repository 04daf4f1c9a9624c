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
    compared = " ".join(measure["what"] for measure in result.evidence["measures"])
    for path in ("called directly", "Reference", "CPU"):
        assert f"({path})" in compared


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon).status is Status.PASS


@pytest.mark.parametrize(
    "fault",
    [
        "dropout",
        "hidden state",
        "stale neighbour list",
        "first call off",
        "pairs of the first call",
    ],
)
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 100 * result.threshold


def test_only_new_instances_tell_what_the_first_call_leaves_behind(of_faulty):
    result = of_faulty(CHECK, "first call off")

    repeated, history = result.evidence["measures"][:2], result.evidence["measures"][2:]
    assert [measure["ok"] for measure in repeated] == [True, True]
    assert history
    assert [measure["ok"] for measure in history] == [True, False] * (len(history) // 2)


@pytest.fixture
def judge(limits):
    def call(*, on_gpu=False, force=0.0, energy_ev=0.0, calls=20, scale=1.0, **history):
        rng = np.random.default_rng(1)
        forces = np.repeat(scale * rng.normal(size=(1, 3, 3)), calls, axis=0)
        energies_ev = np.full(calls, -100.0)
        if calls:
            forces[-1, 0, 0] += force
            energies_ev[-1] += energy_ev
        new_energies_ev = np.array([[[-100.0, -90.0, -100.0], [-90.0, -100.0, -100.0]]])
        new_forces = np.repeat(scale * rng.normal(size=(1, 1, 1, 3, 3)), 3, axis=2)
        new_forces = np.repeat(new_forces, 2, axis=1)
        new_energies_ev[0, 0, 0] += history.get("first_ev", 0.0)
        new_forces[0, 0, 0, 0, 0] += history.get("first_force", 0.0)
        paths = history.get("paths", 1)
        record = Record(
            on_gpu=on_gpu,
            platform="a platform",
            dtype="float32",
            energies_ev=energies_ev,
            forces=forces,
            paths=("called directly",)[:paths],
            path_on_gpu=(on_gpu,)[:paths],
            orders=np.array([[0, 1, 0], [1, 0, 0]]),
            history_energies_ev=new_energies_ev[:paths],
            history_forces=new_forces[:paths],
        )
        return CHECK.judge(record, limits("determinism"))

    return call


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"on_gpu": True}, Status.PASS),
        ({"force": 5e-4}, Status.FAIL),
        ({"force": 5e-4, "on_gpu": True}, Status.PASS),
        ({"force": 1.1e-3, "on_gpu": True}, Status.FAIL),
        ({"force": np.nan}, Status.FAIL),
        ({"force": np.nan, "on_gpu": True}, Status.FAIL),
        ({"energy_ev": 2.9e-4, "on_gpu": True}, Status.PASS),
        ({"energy_ev": 3.1e-4, "on_gpu": True}, Status.FAIL),
        ({"energy_ev": np.nan}, Status.FAIL),
        ({"energy_ev": np.nan, "on_gpu": True}, Status.FAIL),
        ({"first_ev": 9e-5}, Status.PASS),
        ({"first_ev": 1.1e-4}, Status.FAIL),
        ({"first_ev": 2.9e-4, "on_gpu": True}, Status.PASS),
        ({"first_ev": 0.3, "on_gpu": True}, Status.FAIL),
        ({"first_ev": np.nan}, Status.FAIL),
        ({"first_force": 5e-6}, Status.PASS),
        ({"first_force": 5e-5}, Status.FAIL),
        ({"first_force": 5e-4, "on_gpu": True}, Status.PASS),
        ({"first_force": 2e-3, "on_gpu": True}, Status.FAIL),
        ({"paths": 0}, Status.INCONCLUSIVE),
        ({"paths": 0, "force": 5e-4}, Status.FAIL),
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
