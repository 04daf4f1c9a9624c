"""Short settings, and checks from the real measurement through the stored record to the end."""

from pathlib import Path

import pytest

from openmm_mlff.checks.base import conditions_of
from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.pipeline.judge import judge_measurement
from openmm_mlff.pipeline.stages import measure_checks
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)

DYNAMICS = {"equilibration_ps": 0.1, "duration_ps": 0.2, "longest_ps": 0.2}
PROBES = {
    "geometries": 3,
    "repeats": 3,
    "parity_steps": 20,
    "reference_frames": 10,
    "thermal_frames": 2,
    "rotations": 3,
    "directions": 2,
    "dimer_directions": 1,
    "scan_end_angstrom": 8.0,
    "hessian_geometries": 1,
    "convergence_ps": 0.05,
    "reversal_steps": 50,
    "sampling_ps": 2.0,
    "ensemble_ps": 0.05,
    "ensemble_runs": 2,
    "thermostats_ps": 0.5,
    "torsion_step_degrees": 60.0,
}


@pytest.fixture(scope="session")
def make_protocol():
    """Change the standard protocol: short settings unless others are given."""

    def make(*, dynamics=None, probes=None, **changes):
        protocol = load_protocol("standard")
        parts = {
            "dynamics": protocol.dynamics.model_copy(update=DYNAMICS | (dynamics or {})),
            "probes": protocol.probes.model_copy(update=PROBES | (probes or {})),
        }
        return protocol.model_copy(update=parts | changes)

    return make


@pytest.fixture
def findings(tmp_path):
    """Measure, store, read and judge; return the results by check."""

    def find(potential, molecule, checks, *, protocol, reference, platform="Reference"):
        folder = Path(tmp_path) / molecule.name
        write_json(folder / SYSTEM_FILE, molecule_to_json(molecule))
        subject = Subject(
            potential,
            molecule,
            platform=named_platform(platform),
            settings=Settings(protocol, "double", 1),
            folder=folder,
            reference=reference,
        )
        measure_checks(subject, list(checks))
        evidence = load_evidence(RunDirectory(tmp_path), molecule.name)
        return {
            check.id: check.result(
                judge_measurement(check, evidence, protocol, condition=condition),
                system=molecule.name,
                condition=condition,
            )
            for check in checks
            for condition in conditions_of(check, protocol)
        }

    return find
