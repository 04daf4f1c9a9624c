"""An approved run of a small student: real values, a verdict that is set."""

import numpy as np
import pytest
import torch

from openmm_mlff.config import RunSpec, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.observations import Observations, ProbeObservations
from openmm_mlff.potentials import load_potential
from openmm_mlff.records import (
    CheckResult,
    ModelRecord,
    Scope,
    Status,
    ValidationReport,
    Verdict,
    VerdictStatus,
)
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig


def make_student(folder, *, seed):
    torch.manual_seed(seed)
    config = PaiNNConfig(features=8, interactions=2, basis=6)
    path = folder / f"student{seed}.safetensors"
    save_student(PaiNN(config), StudentRecord(name=f"s{seed}", config=config), path)
    return str(path)


@pytest.fixture(scope="session")
def student(tmp_path_factory):
    return make_student(tmp_path_factory.mktemp("student"), seed=3)


@pytest.fixture(scope="session")
def other_student(tmp_path_factory):
    return make_student(tmp_path_factory.mktemp("student"), seed=4)


@pytest.fixture(scope="session")
def observations(student):
    """Of water: what the reference probe keeps, evaluated by the student."""
    water = load_system("water")
    rng = np.random.default_rng(0)
    positions = water.positions_angstrom + 0.05 * rng.normal(size=(6, 3, 3))
    found = load_potential(student).evaluate(water, positions)
    arrays = {
        "positions_angstrom": positions,
        "model_energies_ev": found.energies_ev,
        "model_forces": found.forces_ev_per_angstrom,
    }
    probe = ProbeObservations("reference", "done", data={}, arrays=arrays)
    return {"water": Observations(water, (), {"reference": probe})}


@pytest.fixture
def make_approval(student):
    """A report with a verdict that is set."""

    def make(status=VerdictStatus.APPROVED):
        potential = load_potential(student)
        scope = Scope(
            elements=("H", "O"),
            systems=("water",),
            temperatures_kelvin=(300.0,),
            max_timestep_fs=0.5,
            duration_ps=10.0,
            platform="Reference",
            precision="mixed",
        )
        checks = [
            CheckResult(
                id=check_id,
                group="dynamics",
                system="water",
                status=Status.PASS,
                required=required,
                value=0.1 + 0.2,
                threshold=1.0,
                unit="meV",
                message="It was good.",
            )
            for check_id, required in (("energy_drift", True), ("memory", False))
        ]
        return ValidationReport(
            model=ModelRecord(spec=student, name="s3", sha256=potential.sha256, n_parameters=1),
            protocol=load_protocol("standard").model_dump(mode="json"),
            environment={},
            systems=("water",),
            checks=tuple(checks),
            verdict=Verdict(
                status=status, reasons=("r",), recommendation="Use it for water.", scope=scope
            ),
        )

    return make


@pytest.fixture
def run(student):
    """What `run.json` holds of it."""
    spec = RunSpec(potential=student, systems=("water",), protocol=load_protocol("standard"))
    return {
        "spec": spec.model_dump(mode="json"),
        "environment": {"versions": {"openmm": "8.6.1", "torch": "2.11.0"}},
    }


@pytest.fixture
def certificate_file(make_approval, observations, run, tmp_path):
    """A certificate as `validate` writes it."""
    from openmm_mlff.certificate.writing import write_certificate
    from openmm_mlff.rundir import RUN_FILE, RunDirectory, write_json

    directory = RunDirectory.create(tmp_path / "run")
    write_json(directory.root / RUN_FILE, run)
    write_certificate(directory, make_approval(), observations)
    return directory.root / "certificate.json"
