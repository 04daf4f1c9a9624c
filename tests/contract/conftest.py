"""Protocols with short settings."""

import pytest

from openmm_mlff.config import Protocol, load_protocol

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

    def make(*, dynamics=None, probes=None, **changes) -> Protocol:
        protocol = load_protocol("standard")
        parts = {
            "dynamics": protocol.dynamics.model_copy(update=DYNAMICS | (dynamics or {})),
            "probes": protocol.probes.model_copy(update=PROBES | (probes or {})),
        }
        return protocol.model_copy(update=parts | changes)

    return make
