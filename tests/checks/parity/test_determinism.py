"""Analytic potentials repeat themselves; what the first call leaves behind is found."""

import numpy as np
import pytest

from openmm_mlff.checks.parity.determinism import Record
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status


def test_every_path_is_compared(measured, sound):
    result = measured(sound("network", platform="CPU", probes={"repeats": 5}))
    assert result.status is Status.PASS
    assert (result.evidence["calls"], result.evidence["platform"]) == (5, "CPU")
    compared = " ".join(measure["what"] for measure in result.evidence["measures"])
    assert all(f"({path})" in compared for path in ("called directly", "Reference", "CPU"))


def test_only_new_instances_tell_what_the_first_call_leaves_behind(measured, faulty):
    result = measured(faulty("first call off", probes={"repeats": 5}))
    *repeated, history = np.split([m["ok"] for m in result.evidence["measures"]], [1, 2])
    assert result.status is Status.FAIL
    assert np.all(repeated)
    assert history.tolist() == [True, False] * (len(history) // 2) != []


def test_where_an_scf_ends_within_its_convergence_is_no_fault(measured, make_subject):
    pytest.importorskip("tblite")
    # From seed 0 the forces on nitrogen change by 1.9e-6 after another geometry.
    nitrogen = load_system("smiles:N#N")
    scf = make_subject(load_potential(GFN2_XTB), nitrogen, seed=0, probes={"repeats": 5})
    result = measured(scf)
    assert result.status is Status.PASS
    assert 1e-7 < max(one["value"] for one in result.evidence["measures"]) < 1e-5


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"force": 5e-6}, Status.PASS),
        ({"force": 5e-4}, Status.FAIL),
        ({"force": 5e-4, "on_gpu": True}, Status.PASS),
        ({"force": 1.1e-3, "on_gpu": True}, Status.FAIL),
        ({"force": np.nan}, Status.FAIL),
        ({"force": 5e-8, "scale": 0.0}, Status.PASS),
        ({"energy_ev": 2.9e-4, "on_gpu": True}, Status.PASS),
        ({"energy_ev": 3.1e-4, "on_gpu": True}, Status.FAIL),
        ({"energy_ev": np.nan}, Status.FAIL),
        ({"energy_ev": 0.01}, Status.FAIL),
        ({"first_ev": 9e-5}, Status.PASS),
        ({"first_ev": 1.1e-4}, Status.FAIL),
        ({"first_ev": 0.3, "on_gpu": True}, Status.FAIL),
        ({"first_ev": np.nan}, Status.FAIL),
        ({"first_force": 5e-6}, Status.PASS),
        ({"first_force": 5e-5}, Status.FAIL),
        ({"first_force": 5e-4, "on_gpu": True}, Status.PASS),
        ({"first_force": 2e-3, "on_gpu": True}, Status.FAIL),
        ({"paths": 0}, Status.INCONCLUSIVE),
        ({"paths": 0, "force": 5e-4}, Status.FAIL),
        ({"calls": 0}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(decides, changes, status):
    given = {"on_gpu": False, "force": 0.0, "energy_ev": 0.0, "calls": 20, "scale": 1.0}
    given |= {"first_ev": 0.0, "first_force": 0.0, "paths": 1} | changes
    rng, calls, paths = np.random.default_rng(1), given["calls"], given["paths"]
    forces = np.repeat(given["scale"] * rng.normal(size=(1, 3, 3)), calls, axis=0)
    energies_ev = np.full(calls, -100.0)
    forces[-1:, 0, 0] += given["force"]
    energies_ev[-1:] += given["energy_ev"]
    new_energies_ev = np.array([[[-100.0, -90.0, -100.0], [-90.0, -100.0, -100.0]]])
    new_forces = np.tile(given["scale"] * rng.normal(size=(1, 1, 1, 3, 3)), (1, 2, 3, 1, 1))
    new_energies_ev[0, 0, 0] += given["first_ev"]
    new_forces[0, 0, 0, 0, 0] += given["first_force"]
    record = Record(
        on_gpu=given["on_gpu"],
        platform="a platform",
        dtype="float32",
        energies_ev=energies_ev,
        forces=forces,
        paths=("called directly",)[:paths],
        path_on_gpu=(given["on_gpu"],)[:paths],
        orders=np.array([[0, 1, 0], [1, 0, 0]]),
        history_energies_ev=new_energies_ev[:paths],
        history_forces=new_forces[:paths],
    )
    decides(record, status, 1e-4 if given["energy_ev"] == 0.01 else ..., rel=1e-3)
