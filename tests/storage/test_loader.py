import numpy as np
import pytest
from mdtraj.formats import DCDTrajectoryFile

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import load_system
from openmm_mlff.storage.loader import STRUCTURE_FILE, load_evidence
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_from_json,
    molecule_to_json,
    read_json,
    run_name,
    write_arrays,
    write_json,
)
from openmm_mlff.storage.runs import RunCondition
from openmm_mlff.storage.streams import ENERGY_COLUMNS, MOMENTUM_COLUMNS, CsvStream
from openmm_mlff.storage.typed import array, record

CONDITION = {"ensemble": "nve", "temperature_kelvin": 300.0, "timestep_fs": 0.5}
NAME = run_name(**CONDITION, replica=0)
ROWS, FRAMES = 20, 10
SERIES = (
    "ms_per_step_blocks",
    "cpu_ms_per_step_blocks",
    "yardstick_ms_blocks",
    "resident_mebibytes_blocks",
)


@record
class Record:
    a: int
    forces: np.ndarray = array("atoms", 3)


def record_of(**changes):
    return {
        "condition": CONDITION,
        "replica": 0,
        "requested_ps": 0.1,
        "completed_ps": 0.1,
        "status": "complete",
        "failure": None,
        "ms_per_step_blocks": [1.5, 1.25],
        "cpu_ms_per_step_blocks": [1.4, 1.2],
        "yardstick_ms_blocks": [0.25, 0.3],
        "resident_mebibytes_blocks": [511.0, 512.0],
        "steps_per_block": 50,
        "memory_mebibytes": {"peak_resident": 512.0},
        "platform": "Reference",
        "frame_interval_steps": 20,
    } | changes


def stream(path, columns, rows):
    csv = CsvStream(path, columns)
    for row in rows:
        csv.append(row)
    csv.close()


def write_structure(folder, n_frames):
    """Write the quantities that MDTraj measures in the frames of a run."""
    ones = np.ones(n_frames)
    write_arrays(
        folder / STRUCTURE_FILE,
        {
            "rmsd_angstrom": 0.0 * ones,
            "radius_of_gyration_angstrom": ones,
            "bond_lengths_angstrom": np.ones((n_frames, 2)),
            "fragments": np.ones(n_frames, dtype=int),
            "closest_contact": 2.0 * ones,
        },
    )


@pytest.fixture
def directory(tmp_path):
    """A complete run of water, one measurement done and one that failed."""
    directory = RunDirectory.create(tmp_path / "out")
    water = load_system("water")
    write_json(directory.system("water") / SYSTEM_FILE, molecule_to_json(water))
    folder = directory.run("water", NAME)
    write_json(folder / "run.json", record_of())
    steps = [10 * (k + 1) for k in range(ROWS)]
    stream(
        folder / "energies.csv",
        ENERGY_COLUMNS,
        [(s, s * 5e-4, -141.0, 0.5, -140.5, 300.0 + s) for s in steps],
    )
    stream(
        folder / "momenta.csv",
        MOMENTUM_COLUMNS,
        [(s, s * 5e-4, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0) for s in steps],
    )
    with DCDTrajectoryFile(str(folder / "trajectory.dcd"), "w") as file:
        file.write(np.repeat(water.positions_angstrom[None], FRAMES, axis=0).astype("f4"))
    write_structure(folder, FRAMES)
    store = MeasurementStore(directory.system("water"))
    store.write("determinism", Record(a=1, forces=np.ones((2, 3))))
    store.write_link("alike", shared="determinism")
    store.write_error("noise", reason="fell", traceback="line 7")
    return directory


@pytest.fixture
def folder(directory):
    return directory.run("water", NAME)


@pytest.fixture
def the_run(directory):
    """Load again and return the only run."""

    def load():
        (run,) = load_evidence(directory, "water").runs
        return run

    return load


def test_molecule_and_measurements_are_loaded(directory, capfd):
    evidence = load_evidence(directory, "water")
    assert evidence.system.sha256 == load_system("water").sha256
    for name in ("determinism", "alike"):
        found = evidence.measurements[name]
        assert (found.name, found.status) == (name, "done")
        read = found.record(Record)
        assert (read.a, read.forces.shape) == (1, (2, 3))
    broken = evidence.measurements["noise"]
    assert (broken.status, broken.reason, broken.traceback) == ("error", "fell", "line 7")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(RunDirectoryError, match="cannot read"):
        load_evidence(directory, "methane")


def test_record_and_streams_of_a_run_are_loaded(the_run):
    run = the_run()
    assert run.name == "nve_300K_0.5fs_r0"
    assert run.condition == RunCondition("nve", 300.0, 0.5)
    assert (run.replica, run.requested_ps, run.completed_ps) == (0, 0.1, 0.1)
    assert (run.survived, run.failure, run.steps_per_block) == (True, None, 50)
    for name in SERIES:
        assert list(getattr(run, name)) == record_of()[name]
    assert (run.memory_mebibytes, run.platform) == ({"peak_resident": 512.0}, "Reference")
    energies = run.energies
    assert energies.time_ps == pytest.approx(np.arange(1, ROWS + 1) * 0.005)
    values = [energies.potential_ev[0], energies.kinetic_ev[0], energies.total_ev[0]]
    assert [*values, energies.temperature_kelvin[-1]] == [-141.0, 0.5, -140.5, 500.0]
    momenta = run.momenta
    assert [*momenta.linear[3], *momenta.angular[3]] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert momenta.largest_force_ev_per_angstrom[3] == 7.0


def test_frames_have_their_times(the_run):
    # Every 20 steps of 0.5 fs, none at step 0.
    trajectory = the_run().trajectory
    assert trajectory.time_ps == pytest.approx(np.arange(1, FRAMES + 1) * 0.01)
    np.testing.assert_allclose(
        trajectory.positions_angstrom[4], load_system("water").positions_angstrom, atol=1e-6
    )
    assert list(trajectory.fragments) == [1] * FRAMES


def test_a_truncated_trajectory_is_read_up_to_its_last_complete_frame(folder, the_run):
    path = folder / "trajectory.dcd"
    path.write_bytes(path.read_bytes()[:-40])
    # The measured structure belongs to other frames until it is measured again.
    assert the_run().trajectory is None
    write_structure(folder, FRAMES - 1)
    assert len(the_run().trajectory.time_ps) == FRAMES - 1
    for content in (path.read_bytes()[:100], b""):
        path.write_bytes(content)
        assert the_run().trajectory is None
    path.unlink()
    assert the_run().trajectory is None


def test_a_truncated_row_is_omitted_and_missing_streams_are_empty(folder, the_run):
    path = folder / "energies.csv"
    # 500.0 K truncated to 50 K looks complete except for its newline.
    path.write_text(path.read_text()[:-4])
    energies = the_run().energies
    assert len(energies.time_ps) == ROWS - 1
    assert energies.temperature_kelvin[-1] == 490.0
    path.unlink()
    (folder / "momenta.csv").unlink()
    run = the_run()
    assert len(run.energies.total_ev) == 0
    assert run.momenta.linear.shape == (0, 3)


TORN = {"kind": "unstable", "message": "torn", "time_ps": 0.03, "atoms": [0, 1], "traceback": ""}


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"status": "running"}, None, ""),
        ({"status": "failed", "failure": TORN}, "unstable", "torn"),
        ({"status": "failed"}, "error", "without a message"),
        ({"status": "failed", "failure": dict.fromkeys(TORN)}, "error", "without a message"),
    ],
)
def test_an_incomplete_run_did_not_survive_and_a_failed_one_has_a_failure(
    folder, the_run, changes, kind, said
):
    write_json(folder / "run.json", record_of(completed_ps=0.03, **changes))
    run = the_run()
    assert not run.survived
    assert (run.failure is None) is (kind is None)
    if run.failure is not None:
        assert (run.failure.kind, run.failure.time_ps) == (kind, 0.03)
        assert said in run.failure.message
        assert run.failure.atoms == ((0, 1) if kind == "unstable" else ())


def test_missing_and_non_finite_values_of_a_record_are_read(folder, the_run):
    def load(without=(), **changes):
        record = record_of(**changes)
        kept = {key: value for key, value in record.items() if key not in without}
        write_json(folder / "run.json", kept)
        return the_run()

    # A run that failed before its first step.
    missing = ("ms_per_step_blocks", "memory_mebibytes", "platform")
    run = load(missing, status="failed", completed_ps=0.0, failure={"kind": "error"})
    assert (run.platform, len(run.ms_per_step_blocks), dict(run.memory_mebibytes)) == ("", 0, {})
    # A run of an older version.
    run = load((*SERIES[1:], "steps_per_block"))
    assert list(run.ms_per_step_blocks) == [1.5, 1.25]
    assert len(run.cpu_ms_per_step_blocks) == len(run.resident_mebibytes_blocks) == 0
    assert run.steps_per_block == 0
    memory = {"peak_resident": np.inf, "peak_device": 5.0}
    run = load(ms_per_step_blocks=[1.0, np.nan], memory_mebibytes=memory)
    assert np.isnan(run.ms_per_step_blocks[1])
    assert run.memory_mebibytes == {"peak_device": 5.0}
    with pytest.raises(RunDirectoryError, match=r"not a record of a simulation \(KeyError: 'repl"):
        load(("replica",))


def test_a_stored_molecule_keeps_its_bonds(tmp_path):
    water = load_system("water")
    stretched = water.with_positions(2.0 * water.positions_angstrom)
    write_json(tmp_path / SYSTEM_FILE, molecule_to_json(stretched))
    table = read_json(tmp_path / SYSTEM_FILE)
    assert molecule_from_json(table).bonds == water.bonds
    # Runs of earlier releases have none.
    del table["bonds"]
    assert molecule_from_json(table).bonds == ()
