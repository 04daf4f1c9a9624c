"""Runs made of NumPy arrays, and real subjects; healthy unless a test plants a fault."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from openmm_mlff.checks.base import Check, Judgement, conditions_of
from openmm_mlff.checks.dynamics.relaxation import bond_lengths_angstrom
from openmm_mlff.checks.registry import get_check
from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.pipeline.judge import judge_measurement
from openmm_mlff.pipeline.stages import measure_checks
from openmm_mlff.potentials import Potential
from openmm_mlff.results import CheckResult
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.runner import compiled_quickly
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)
from openmm_mlff.storage.runs import (
    EnergySeries,
    Evidence,
    MomentumSeries,
    Run,
    RunCondition,
    TrajectorySeries,
)
from openmm_mlff.storage.typed import to_tables

SHORT_DYNAMICS = {"equilibration_ps": 0.05, "duration_ps": 0.1, "longest_ps": 0.1}
FEW_PROBES = {
    "geometries": 4,
    "thermal_frames": 3,
    "rotations": 4,
    "hessian_geometries": 1,
    "sampling_ps": 0.1,
    "ensemble_ps": 0.02,
    "ensemble_runs": 2,
    "thermostats_ps": 0.4,
}

CONDITION = RunCondition(ensemble="nve", temperature_kelvin=300.0, timestep_fs=0.5)


@pytest.fixture(scope="module", autouse=True)
def _unfused():
    """Leave TorchScript unfused; fusing takes half a second in each of many Contexts."""
    with compiled_quickly():
        yield


@pytest.fixture(scope="session")
def water() -> MolecularSystem:
    return load_system("water")


@pytest.fixture(scope="session")
def argon() -> MolecularSystem:
    return MolecularSystem("argon", np.array([18]), np.zeros((1, 3)))


@pytest.fixture(scope="session")
def protocols():
    """Return a protocol by its name."""
    return {name: load_protocol(name) for name in ("quick", "standard", "liquid", "crystal")}


@pytest.fixture
def own_check(request):
    """Return the check that the test file is named after."""
    return lambda: get_check(request.path.stem.removeprefix("test_"))


@pytest.fixture
def judge(own_check, protocols):
    """Judge a record by the test file's check, by the limits of the standard protocol."""

    def call(record, *, check: Check | None = None, protocol="standard") -> Judgement:
        check = check or own_check()
        return check.judge(record, protocols[protocol].limits_for(check.id))

    return call


@pytest.fixture
def decides(judge):
    """Judge a record; check the status and, where it is given, the value."""

    def call(record, status, value=..., *, rel=None, absolute=None, **options) -> Judgement:
        judgement = judge(record, **options)
        assert judgement.status is status
        if value is None:
            assert judgement.value is None
        elif value is not ...:
            assert judgement.value == pytest.approx(value, rel=rel, abs=absolute, nan_ok=True)
        return judgement

    return call


@pytest.fixture
def drawn(own_check, protocols):
    """Return the panels of a record's plots by the test file's check; none where it has none."""

    def draw(record, *, check: Check | None = None):
        check = check or own_check()
        plots = check.plots(record, protocols["standard"].limits_for(check.id))
        assert all(plot.has_data() for plot in plots)
        return [panel for plot in plots for panel in plot.panels]

    return draw


@pytest.fixture
def marks_of():
    """Return the marks of a kind in a panel."""
    return lambda panel, kind: [mark for mark in panel.marks if isinstance(mark, kind)]


@pytest.fixture(scope="session")
def make_run():
    """One NVE run of 10 ps at 300 K: energies every 5 fs, frames of a rigid molecule every 10."""

    def make(system: MolecularSystem, *, total_ev=None, duration_ps=10.0, replica=0, **changes):
        time_ps = np.arange(1, round(duration_ps / 0.005) + 1) * 0.005
        rows, rng = len(time_ps), np.random.default_rng(replica)
        kinetic_ev = 0.12 + 0.03 * np.sin(40.0 * time_ps) + 0.001 * rng.normal(size=rows)
        if total_ev is None:
            total_ev = -140.0 + 1e-4 * rng.normal(size=rows)
        frames = time_ps[1::2]
        start = system.positions_angstrom
        positions = np.repeat(start[None], len(frames), axis=0)
        run = Run(
            name=f"nve_300K_0.5fs_r{replica}",
            condition=CONDITION,
            replica=replica,
            requested_ps=duration_ps,
            completed_ps=duration_ps,
            energies=EnergySeries(
                time_ps, total_ev - kinetic_ev, kinetic_ev, total_ev, np.full(rows, 300.0)
            ),
            momenta=MomentumSeries(
                time_ps, np.zeros((rows, 3)), np.zeros((rows, 3)), np.full(rows, 5.0)
            ),
            trajectory=TrajectorySeries(
                time_ps=frames,
                positions_angstrom=positions,
                rmsd_angstrom=np.zeros(len(frames)),
                radius_of_gyration_angstrom=np.ones(len(frames)),
                bond_lengths_angstrom=np.tile(bond_lengths_angstrom(system, start), (rows // 2, 1)),
                fragments=np.full(len(frames), system.fragments),
                closest_contact=np.full(len(frames), 2.0),
            ),
            ms_per_step_blocks=np.array([1.0, 1.2, 5.0]),
            memory_mebibytes={"peak_resident": 500.0},
            platform="CPU",
        )
        return replace(run, **changes)

    return make


@pytest.fixture(scope="session")
def at_condition(water):
    """Return runs at one condition, with other measurements (records) of the system."""

    def make(*runs: Run, system: MolecularSystem = water, **records) -> Evidence:
        stored = {}
        for name, record in records.items():
            data, arrays = to_tables(record)
            stored[name] = Measurement(name, "done", data=data, arrays=arrays)
        return Evidence(system=system, runs=runs, measurements=stored).at(CONDITION)

    return make


@pytest.fixture
def judge_runs(judge, at_condition):
    """Judge replicas of one condition, by default of water, by the test file's check."""
    return lambda *runs, protocol="standard", **rest: judge(
        at_condition(*runs, **rest), protocol=protocol
    )


@pytest.fixture
def make_subject(tmp_path, protocols):
    """A real subject in a folder of its own; the protocol is small unless a test says otherwise."""
    numbers = count()

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
        protocol="standard",
        box=None,
    ) -> Subject:
        protocol = protocols[protocol]
        protocol = protocol.model_copy(
            update={
                "dynamics": protocol.dynamics.model_copy(update=SHORT_DYNAMICS | (dynamics or {})),
                "probes": protocol.probes.model_copy(update=FEW_PROBES | (probes or {})),
                "box": protocol.box and protocol.box.model_copy(update=box or {}),
            }
        )
        folder = tmp_path / str(next(numbers)) / molecule.name
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
def sound(make_subject):
    """A subject of a healthy potential of a kind."""

    def make(kind="bonded", molecule="water", **changes) -> Subject:
        if isinstance(molecule, str):
            molecule = load_system(molecule)
        return make_subject(healthy(kind, molecule=molecule, seed=0), molecule, **changes)

    return make


@pytest.fixture
def faulty(make_subject):
    """A subject with a fault of the self-test, at its gross strength unless another is given."""

    def make(name: str, *, strength: float | None = None, **changes) -> Subject:
        fault = get_fault(name)
        molecule = load_system(fault.system)
        sound = healthy(fault.parent, molecule=molecule, seed=0)
        planted = fault.plant(sound, fault.gross if strength is None else strength)
        return make_subject(planted, molecule, **changes)

    return make


@pytest.fixture
def measured(own_check):
    """Measure a check for real, store the record, read it back and judge it.

    The check is that of the test file, limits those of the standard protocol, the result that of
    the first condition.
    """

    def run(subject: Subject, *, check: Check | None = None, limits=None) -> CheckResult:
        check = check or own_check()
        measure_checks(subject, [check], no_reference_reason="no reference was requested")
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
