"""An approved run of a small student: real values, a verdict that is set."""

import numpy as np
import pytest
import torch

from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Labels
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
def labels(student):
    """Frames of water, compared with a reference: values by the student."""
    water = load_system("water")
    rng = np.random.default_rng(0)
    positions = water.positions_angstrom + 0.05 * rng.normal(size=(6, 3, 3))
    found = load_potential(student).evaluate(water, positions)
    return Labels(
        reference="other",
        run="nve_300K_0.5fs_r0",
        frames_of="frames of the run",
        symbols=water.symbols,
        requested=6,
        refused=0,
        positions_angstrom=positions,
        time_ps=np.arange(6.0),
        model_energies_ev=found.energies_ev,
        model_forces=found.forces_ev_per_angstrom,
        reference_energies_ev=found.energies_ev,
        reference_forces=found.forces_ev_per_angstrom,
    )


@pytest.fixture(scope="session")
def make_evidence(tmp_path_factory):
    """Measurements of water, stored and read again."""

    def make(**records):
        store = MeasurementStore(tmp_path_factory.mktemp("water"))
        measurements = {name: store.write(name, value) for name, value in records.items()}
        return Evidence(load_system("water"), measurements=measurements)

    return make


@pytest.fixture(scope="session")
def evidence(labels, make_evidence):
    """What a run of water left, by system."""
    return {"water": make_evidence(reference_labels=labels)}


@pytest.fixture
def make_approval(student, make_verdict):
    """A report with a verdict that is set."""

    def make(status=VerdictStatus.APPROVED, **verdict):
        potential = load_potential(student)
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
            verdict=make_verdict(status, recommendation="Use it for water.", **verdict),
        )

    return make


@pytest.fixture
def run(student):
    """What `run.json` holds of it."""
    spec = ResolvedRequest(
        potential=student, systems=("water",), protocol=load_protocol("standard")
    )
    return {
        "spec": spec.record(),
        "fingerprints": {"potential": load_potential(student).fingerprint.model_dump()},
        "environment": {"versions": {"openmm": "8.6.1", "torch": "2.11.0"}},
    }


@pytest.fixture
def certificate_file(make_approval, evidence, run, tmp_path):
    """A certificate as `validate` writes it."""
    from openmm_mlff.certificate.writer import write_certificate
    from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory, write_json

    directory = RunDirectory.create(tmp_path / "run")
    write_json(directory.root / RUN_FILE, run)
    write_certificate(directory, make_approval(), evidence)
    return directory.root / "certificate.json"
