"""Runs made of NumPy arrays, and real subjects; healthy unless a test plants a fault."""

from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.base import Check, conditions_of
from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.pipeline.judge import judge_measurement
from openmm_mlff.pipeline.stages import measure_checks
from openmm_mlff.potentials import Potential
from openmm_mlff.results import CheckResult
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)
from openmm_mlff.storage.runs import (
    EnergySeries,
    MomentumSeries,
    Run,
    RunCondition,
    Runs,
    TrajectorySeries,
)

SHORT_DYNAMICS = {"equilibration_ps": 0.05, "duration_ps": 0.1, "longest_ps": 0.1}
FEW_PROBES = {
    "geometries": 4,
    "thermal_frames": 3,
    "rotations": 4,
    "hessian_geometries": 2,
    "sampling_ps": 0.1,
    "ensemble_ps": 0.02,
    "ensemble_runs": 2,
    "thermostats_ps": 0.4,
}

CONDITION = RunCondition(ensemble="nve", temperature_kelvin=300.0, timestep_fs=0.5)


@pytest.fixture
def water() -> MolecularSystem:
    return load_system("water")


@pytest.fixture
def limits():
    """Return the limits of a check in the standard protocol, by its id."""
    return load_protocol("standard").limits_for


@pytest.fixture
def make_trajectory():
    """Frames of a rigid molecule; the measures are those of the positions given."""

    def make(system: MolecularSystem, *, time_ps: np.ndarray, positions=None) -> TrajectorySeries:
        if positions is None:
            positions = np.repeat(system.positions_angstrom[None], len(time_ps), axis=0)
        pairs = np.array(system.bonds)
        return TrajectorySeries(
            time_ps=time_ps,
            positions_angstrom=positions,
            rmsd_angstrom=np.zeros(len(time_ps)),
            radius_of_gyration_angstrom=np.ones(len(time_ps)),
            bond_lengths_angstrom=np.linalg.norm(
                positions[:, pairs[:, 0]] - positions[:, pairs[:, 1]], axis=2
            ),
            fragments=np.full(len(time_ps), system.fragments),
            closest_contact=np.full(len(time_ps), 2.0),
        )

    return make


@pytest.fixture
def make_run(make_trajectory):
    """One NVE run of 10 ps at 300 K: energies every 5 fs, frames every 10 fs."""

    def make(system: MolecularSystem, *, total_ev=None, duration_ps=10.0, replica=0, **changes):
        time_ps = np.arange(1, round(duration_ps / 0.005) + 1) * 0.005
        rng = np.random.default_rng(replica)
        kinetic_ev = 0.12 + 0.03 * np.sin(40.0 * time_ps) + 0.001 * rng.normal(size=len(time_ps))
        if total_ev is None:
            total_ev = -140.0 + 1e-4 * rng.normal(size=len(time_ps))
        temperature = np.full(len(time_ps), 300.0)
        energies = EnergySeries(time_ps, total_ev - kinetic_ev, kinetic_ev, total_ev, temperature)
        rows = len(time_ps)
        momenta = MomentumSeries(
            time_ps, np.zeros((rows, 3)), np.zeros((rows, 3)), np.full(rows, 5.0)
        )
        run = Run(
            name=f"nve_300K_0.5fs_r{replica}",
            condition=CONDITION,
            replica=replica,
            requested_ps=duration_ps,
            completed_ps=duration_ps,
            energies=energies,
            momenta=momenta,
            trajectory=make_trajectory(system, time_ps=time_ps[1::2]),
            ms_per_step_blocks=np.array([1.0, 1.2, 5.0]),
            memory_mebibytes={"peak_resident": 500.0},
            platform="CPU",
        )
        return replace(run, **changes)

    return make


@pytest.fixture
def at_condition():
    """The simulations of one condition."""

    def make(system: MolecularSystem, *runs: Run) -> Runs:
        return Runs(system=system, runs=runs).at(CONDITION)

    return make


@pytest.fixture
def make_subject(tmp_path):
    """A real subject in a folder of its own; the protocol is small unless a test says otherwise."""

    def make(
        potential: Potential,
        molecule: MolecularSystem,
        *,
        dynamics=None,
        probes=None,
        precision="double",
        platform="Reference",
        reference=None,
        seed=1,
    ) -> Subject:
        protocol = load_protocol("standard")
        protocol = protocol.model_copy(
            update={
                "dynamics": protocol.dynamics.model_copy(update=SHORT_DYNAMICS | (dynamics or {})),
                "probes": protocol.probes.model_copy(update=FEW_PROBES | (probes or {})),
            }
        )
        folder = tmp_path / molecule.name
        write_json(folder / SYSTEM_FILE, molecule_to_json(molecule))
        return Subject(
            potential,
            molecule,
            platform=named_platform(platform),
            settings=Settings(protocol, precision, seed),
            folder=folder,
            reference=reference,
        )

    return make


@pytest.fixture
def measured(make_subject):
    """Measure a check for real, store the record, read it back and judge it.

    Gives the result of the first condition; limits are those of the standard protocol.
    """

    def run(check: Check, subject: Subject, *, limits=None) -> CheckResult:
        measure_checks(subject, [check], no_reference_reason="no reference was asked for")
        evidence = load_evidence(RunDirectory(subject.folder.parent), subject.asked.name)
        protocol = subject.settings.protocol
        if limits is not None:
            protocol = protocol.model_copy(
                update={"criteria": {**protocol.criteria, check.id: limits}}
            )
        condition = conditions_of(check, protocol)[0]
        judgement = judge_measurement(check, evidence, protocol, condition=condition)
        return check.result(judgement, system=subject.asked.name, condition=condition)

    return run
