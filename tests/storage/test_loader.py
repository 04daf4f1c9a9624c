import json

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
    molecule_to_json,
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
        "steps": 200,
        "status": "complete",
        "failure": None,
        "ms_per_step_blocks": [1.5, 1.25],
        "cpu_ms_per_step_blocks": [1.4, 1.2],
        "yardstick_ms_blocks": [0.25, 0.3],
        "resident_mebibytes_blocks": [511.0, 512.0],
        "steps_per_block": 50,
        "memory_mebibytes": {"peak_resident": 512.0},
        "platform": "Reference",
        "precision": "mixed",
        "on_gpu": False,
        "seed": 1,
        "frame_interval_steps": 20,
    } | changes


def stream(path, columns, rows):
    csv = CsvStream(path, columns)
    for row in rows:
        csv.append(row)
    csv.close()


def write_structure(folder, n_frames):
    """Write what MDTraj measures in the frames of a run."""
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
    """A run of water that went well, one measurement done and one that broke."""
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


def test_molecule_and_measurements_come_back(directory):
    evidence = load_evidence(directory, "water")
    assert evidence.system.sha256 == load_system("water").sha256
    for name in ("determinism", "alike"):
        found = evidence.measurements[name]
        assert (found.name, found.status) == (name, "done")
        read = found.record(Record)
        assert (read.a, read.forces.shape) == (1, (2, 3))
    broken = evidence.measurements["noise"]
    assert (broken.status, broken.reason, broken.traceback) == ("error", "fell", "line 7")


def test_the_record_of_a_run_comes_back(the_run):
    run = the_run()
    assert run.name == "nve_300K_0.5fs_r0"
    assert run.condition == RunCondition("nve", 300.0, 0.5)
    assert (run.replica, run.requested_ps, run.completed_ps) == (0, 0.1, 0.1)
    assert run.survived
    assert run.failure is None
    assert list(run.ms_per_step_blocks) == [1.5, 1.25]
    assert list(run.cpu_ms_per_step_blocks) == [1.4, 1.2]
    assert list(run.yardstick_ms_blocks) == [0.25, 0.3]
    assert list(run.resident_mebibytes_blocks) == [511.0, 512.0]
    assert run.steps_per_block == 50
    assert run.memory_mebibytes == {"peak_resident": 512.0}
    assert run.platform == "Reference"


def test_the_streams_come_back_each_in_its_place(the_run):
    run = the_run()
    assert run.energies.time_ps == pytest.approx(np.arange(1, ROWS + 1) * 0.005)
    assert run.energies.potential_ev[0] == -141.0
    assert run.energies.kinetic_ev[0] == 0.5
    assert run.energies.total_ev[0] == -140.5
    assert run.energies.temperature_kelvin[-1] == 500.0
    assert list(run.momenta.linear[3]) == [1.0, 2.0, 3.0]
    assert list(run.momenta.angular[3]) == [4.0, 5.0, 6.0]
    assert run.momenta.largest_force_ev_per_angstrom[3] == 7.0


def test_frames_stand_at_their_times(the_run):
    # Every 20 steps of 0.5 fs, none at step 0.
    trajectory = the_run().trajectory
    assert trajectory.time_ps == pytest.approx(np.arange(1, FRAMES + 1) * 0.01)
    np.testing.assert_allclose(
        trajectory.positions_angstrom[4], load_system("water").positions_angstrom, atol=1e-6
    )
    assert list(trajectory.fragments) == [1] * FRAMES


def test_a_trajectory_cut_off_by_a_crash_is_read_as_far_as_it_is_whole(folder, the_run):
    path = folder / "trajectory.dcd"
    path.write_bytes(path.read_bytes()[:-40])
    # What was measured belongs to other frames, until these are measured again.
    assert the_run().trajectory is None
    write_structure(folder, FRAMES - 1)
    assert len(the_run().trajectory.time_ps) == FRAMES - 1


@pytest.mark.parametrize("keep", [None, 0, 100])
def test_a_missing_or_empty_trajectory_is_none(folder, the_run, keep):
    path = folder / "trajectory.dcd"
    data = path.read_bytes()
    path.unlink()
    if keep is not None:
        path.write_bytes(data[:keep])
    assert the_run().trajectory is None


def test_a_row_cut_off_within_its_last_number_is_left_out(folder, the_run):
    path = folder / "energies.csv"
    # 500.0 K cut to 50 K looks whole but for its newline.
    path.write_text(path.read_text()[:-4])
    energies = the_run().energies
    assert len(energies.time_ps) == ROWS - 1
    assert energies.temperature_kelvin[-1] == 490.0


def test_missing_streams_are_empty(folder, the_run):
    (folder / "energies.csv").unlink()
    (folder / "momenta.csv").unlink()
    run = the_run()
    assert len(run.energies.total_ev) == 0
    assert run.momenta.linear.shape == (0, 3)


def test_an_interrupted_run_has_no_failure_and_did_not_survive(folder, the_run):
    write_json(folder / "run.json", record_of(status="running", completed_ps=0.05))
    run = the_run()
    assert run.failure is None
    assert not run.survived


def test_a_failure_comes_back(folder, the_run):
    failure = {
        "kind": "unstable",
        "message": "torn",
        "time_ps": 0.03,
        "atoms": [0, 1],
        "traceback": "",
    }
    write_json(folder / "run.json", record_of(status="failed", completed_ps=0.03, failure=failure))
    found = the_run().failure
    assert (found.kind, found.message, found.time_ps, found.atoms) == (
        "unstable",
        "torn",
        0.03,
        (0, 1),
    )


@pytest.mark.parametrize("failure", [None, {"kind": None, "message": "", "time_ps": None}])
def test_a_failure_without_a_reason_is_still_one(folder, the_run, failure):
    write_json(folder / "run.json", record_of(status="failed", completed_ps=0.03, failure=failure))
    found = the_run().failure
    assert (found.kind, found.time_ps) == ("error", 0.03)
    assert "no reason" in found.message


def test_a_run_that_broke_before_its_first_step_is_read(folder, the_run):
    record = record_of(status="failed", completed_ps=0.0, failure={"kind": "error"})
    for key in ("ms_per_step_blocks", "memory_mebibytes", "platform"):
        del record[key]
    write_json(folder / "run.json", record)
    run = the_run()
    assert (run.platform, len(run.ms_per_step_blocks), dict(run.memory_mebibytes)) == ("", 0, {})


def test_a_run_of_an_older_version_is_read(folder, the_run):
    record = record_of()
    for key in (
        "cpu_ms_per_step_blocks",
        "yardstick_ms_blocks",
        "resident_mebibytes_blocks",
        "steps_per_block",
    ):
        del record[key]
    write_json(folder / "run.json", record)
    run = the_run()
    assert list(run.ms_per_step_blocks) == [1.5, 1.25]
    assert len(run.cpu_ms_per_step_blocks) == len(run.resident_mebibytes_blocks) == 0
    assert run.steps_per_block == 0


def test_numbers_that_were_not_finite_come_back_as_such(folder, the_run):
    memory = {"peak_resident": np.inf, "peak_device": 5.0}
    write_json(
        folder / "run.json", record_of(ms_per_step_blocks=[1.0, np.nan], memory_mebibytes=memory)
    )
    run = the_run()
    assert np.isnan(run.ms_per_step_blocks[1])
    assert run.memory_mebibytes == {"peak_device": 5.0}


def test_a_damaged_record_is_named(folder, directory):
    record = record_of()
    del record["replica"]
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        RunDirectoryError, match=r"not a record of a simulation \(KeyError: 'replica'"
    ):
        load_evidence(directory, "water")


def test_a_system_that_was_not_begun_is_refused(directory):
    with pytest.raises(RunDirectoryError, match="cannot read"):
        load_evidence(directory, "methane")


def test_loading_prints_nothing(directory, capfd):
    load_evidence(directory, "water")
    assert capfd.readouterr() == ("", "")
