import json

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters import StabilityLimits, UnstableError
from openmm_mlff.simulation import PlatformChoice, named_platform
from openmm_mlff.simulation.record import TrajectoryRecord

CUDA = PlatformChoice("CUDA", {"Precision": "single"})


@pytest.fixture
def record(job, tmp_path):
    """A run on CUDA of which 400 of 1000 steps are done."""
    record = TrajectoryRecord.open(tmp_path, job(), platform=CUDA)
    record.n_steps_done = 400
    record.n_degrees_of_freedom = 3
    record.ms_per_step_blocks = [0.5, 0.25]
    record.cpu_ms_per_step_blocks = [0.45, 0.2]
    record.yardstick_ms_blocks = [0.3, 0.3]
    record.resident_mebibytes_blocks = [99.0, 100.0]
    record.steps_per_block = 100
    record.peak_resident_mebibytes = 100.0
    record.peak_device_mebibytes = 300.0
    record.platform_properties = {"Precision": "single"}
    return record


def test_run_json_says_what_is_read_elsewhere(record, tmp_path):
    record.write(tmp_path)
    table = json.loads((tmp_path / "run.json").read_text())
    assert table["condition"] == {
        "ensemble": "nve",
        "temperature_kelvin": 300.0,
        "timestep_fs": 0.5,
    }
    expected = {
        "replica": 0,
        "requested_ps": 0.5,
        "completed_ps": pytest.approx(0.2),
        "steps": 400,
        "status": "running",
        "failure": None,
        "ms_per_step_blocks": [0.5, 0.25],
        "cpu_ms_per_step_blocks": [0.45, 0.2],
        "yardstick_ms_blocks": [0.3, 0.3],
        "resident_mebibytes_blocks": [99.0, 100.0],
        "steps_per_block": 100,
        "memory_mebibytes": {"peak_resident": 100.0, "peak_device": 300.0},
        "platform": "CUDA",
        "precision": "single",
        "on_gpu": True,
        "seed": 4,
        "energy_interval_steps": 10,
        "frame_interval_steps": 20,
    }
    assert {key: table[key] for key in expected} == expected


def test_what_was_written_is_read_again(record, job, tmp_path):
    record.write(tmp_path)
    # The platform asked for now is another: a run stays where it was begun.
    assert TrajectoryRecord.open(tmp_path, job(), platform=named_platform("CPU")) == record


def test_a_run_of_an_older_version_is_read(record, job, tmp_path):
    record.write(tmp_path)
    table = json.loads((tmp_path / "run.json").read_text())
    for key in (
        "cpu_ms_per_step_blocks",
        "yardstick_ms_blocks",
        "resident_mebibytes_blocks",
        "steps_per_block",
    ):
        del table[key]
    (tmp_path / "run.json").write_text(json.dumps(table))
    again = TrajectoryRecord.open(tmp_path, job(), platform=CUDA)
    assert again.ms_per_step_blocks == [0.5, 0.25]
    assert (again.cpu_ms_per_step_blocks, again.steps_per_block) == ([], 0)


def test_a_failure_settles_a_run(record, job, tmp_path):
    record.fail(UnstableError("bond torn", time_ps=0.15, step=300, atoms=(0, 2)))
    record.write(tmp_path)
    again = TrajectoryRecord.open(tmp_path, job(), platform=CUDA)
    assert again.is_settled
    assert again.status == "failed"
    assert again.completed_ps == pytest.approx(0.15)
    assert again.failure == {
        "kind": "unstable",
        "message": "bond torn",
        "time_ps": 0.15,
        "atoms": [0, 2],
        "traceback": "",
    }


def test_a_failure_in_the_equilibration_completes_nothing(record):
    record.fail(UnstableError("bond torn", time_ps=-0.05, step=-100))
    assert record.completed_ps == 0.0
    assert record.failure["time_ps"] == -0.05


def test_an_error_of_the_code_settles_nothing(record, job, tmp_path):
    record.status = "failed"
    record.failure = {"kind": "error", "message": "disk full", "time_ps": 0.1, "atoms": []}
    record.write(tmp_path)
    assert not TrajectoryRecord.open(tmp_path, job(), platform=CUDA).is_settled


def test_longer_is_not_settled_and_shorter_is(record, job, tmp_path):
    record.status, record.n_steps_done = "complete", 1000
    record.write(tmp_path)
    assert TrajectoryRecord.open(tmp_path, job(), platform=CUDA).is_settled
    longer = TrajectoryRecord.open(tmp_path, job(duration_ps=1.0), platform=CUDA)
    assert not longer.is_settled
    assert longer.job.n_steps == 2000
    shorter = TrajectoryRecord.open(tmp_path, job(duration_ps=0.1), platform=CUDA)
    assert shorter.is_settled
    assert shorter.job.duration_ps == 0.5


@pytest.mark.parametrize(
    "change",
    [{"seed": 5}, {"timestep_fs": 0.25}, {"frame_interval_steps": 5}, {"friction_per_ps": 1.0}],
)
def test_another_run_in_the_same_folder_is_refused(record, job, tmp_path, change):
    record.write(tmp_path)
    with pytest.raises(RunDirectoryError, match=r"was begun with .* choose another --output"):
        TrajectoryRecord.open(tmp_path, job(**change), platform=CUDA)


def test_a_damaged_file_is_named(record, job, tmp_path):
    record.write(tmp_path)
    table = json.loads((tmp_path / "run.json").read_text())
    del table["steps"]
    (tmp_path / "run.json").write_text(json.dumps(table))
    with pytest.raises(RunDirectoryError, match="lacks 'steps'"):
        TrajectoryRecord.open(tmp_path, job(), platform=CUDA)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunDirectoryError, match="cannot read"):
        TrajectoryRecord.open(tmp_path, job(), platform=CUDA)


def test_a_run_of_other_stability_limits_is_another_run(record, job, tmp_path):
    record.write(tmp_path)
    other = job(limits=StabilityLimits(bond_longest=3.0))
    with pytest.raises(RunDirectoryError, match="stability_limits"):
        TrajectoryRecord.open(tmp_path, other, platform=CUDA)
