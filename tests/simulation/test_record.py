import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters import StabilityLimits, UnstableError
from openmm_mlff.simulation import PlatformChoice, named_platform
from openmm_mlff.simulation.record import BLOCK_SERIES, TrajectoryRecord

from .conftest import record_of

CUDA = PlatformChoice("CUDA", {"Precision": "single"})
FAILURE = {"kind": "unstable", "message": "torn", "time_ps": 0.15, "atoms": [0, 2], "traceback": ""}


GROWTH = """
from openmm_mlff.simulation.record import resident_mebibytes
before = resident_mebibytes()
held = b"1" * (64 * 2**20)
print(resident_mebibytes() - before)
"""


@pytest.fixture
def record(job, tmp_path):
    """A run on CUDA of which 400 of 1000 steps are done."""
    record = TrajectoryRecord.open(tmp_path, job(), platform=CUDA)
    record.n_steps_done = 400
    record.n_degrees_of_freedom = 3
    for offset, name in enumerate(BLOCK_SERIES):
        setattr(record, name, [offset + 0.5, offset + 0.25])
    record.steps_per_block = 100
    record.peak_resident_mebibytes = 100.0
    record.peak_device_mebibytes = 300.0
    record.platform_properties = {"Precision": "single"}
    return record


@pytest.fixture
def reopened(record, job, tmp_path):
    """Write the record, change its file, and open it for a job."""

    def reopen(*, without=(), platform=CUDA, **changes):
        record.write(tmp_path)
        table = record_of(tmp_path)
        kept = {key: value for key, value in table.items() if key not in without}
        (tmp_path / "run.json").write_text(json.dumps(kept))
        return TrajectoryRecord.open(tmp_path, job(**changes), platform=platform)

    return reopen


def test_a_record_is_written_for_others_and_read_back(record, reopened, tmp_path):
    # A run stays on its platform even if another is requested.
    assert reopened(platform=named_platform("CPU")) == record
    table = record_of(tmp_path)
    expected = {
        "condition": {"ensemble": "nve", "temperature_kelvin": 300.0, "timestep_fs": 0.5},
        "replica": 0,
        "requested_ps": 0.5,
        "completed_ps": pytest.approx(0.2),
        "steps": 400,
        "status": "running",
        "failure": None,
        **{name: getattr(record, name) for name in BLOCK_SERIES},
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
    assert "ms_per_step_blocks" in BLOCK_SERIES


def test_a_run_of_an_older_version_is_read(reopened):
    later = [name for name in BLOCK_SERIES if name != "ms_per_step_blocks"]
    again = reopened(without=[*later, "steps_per_block"])
    assert len(again.ms_per_step_blocks) == 2
    assert (again.cpu_ms_per_step_blocks, again.steps_per_block) == ([], 0)


def test_a_failure_of_the_potential_ends_a_run_and_an_error_of_the_code_does_not(record, reopened):
    record.fail(UnstableError("torn", time_ps=-0.05, step=-100))
    assert (record.completed_ps, record.failure["time_ps"]) == (0.0, -0.05)
    record.fail(UnstableError("torn", time_ps=0.15, step=300, atoms=(0, 2)))
    again = reopened()
    assert (again.is_settled, again.status, again.failure) == (True, "failed", FAILURE)
    assert again.completed_ps == pytest.approx(0.15)
    record.failure = FAILURE | {"kind": "error"}
    assert not reopened().is_settled


@pytest.mark.parametrize(
    ("duration_ps", "settled", "n_steps"),
    [(0.5, True, 1000), (1.0, False, 2000), (0.1, True, 1000)],
)
def test_only_a_longer_run_is_continued(record, reopened, duration_ps, settled, n_steps):
    record.status, record.n_steps_done = "complete", 1000
    again = reopened(duration_ps=duration_ps)
    assert (again.is_settled, again.job.n_steps) == (settled, n_steps)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 5}, "was started with .* choose another --output"),
        ({"timestep_fs": 0.25}, "was started with .* choose another --output"),
        ({"frame_interval_steps": 5}, "was started with .* choose another --output"),
        ({"friction_per_ps": 1.0}, "was started with .* choose another --output"),
        ({"limits": StabilityLimits(bond_longest=3.0)}, "stability_limits"),
        ({"without": ["steps"]}, "lacks 'steps'"),
    ],
)
def test_another_run_or_a_damaged_file_in_the_folder_is_refused(reopened, change, said):
    with pytest.raises(RunDirectoryError, match=said):
        reopened(**change)


def test_a_file_that_is_not_json_is_refused(record, job, tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunDirectoryError, match="cannot read"):
        TrajectoryRecord.open(tmp_path, job(), platform=CUDA)


def test_the_peak_of_memory_never_decreases(record):
    record.platform = "Reference"
    record.update_memory()
    assert 100.0 <= record.peak_resident_mebibytes < 1e5
    record.peak_resident_mebibytes = 1e6
    record.update_memory()
    assert (record.peak_resident_mebibytes, record.peak_device_mebibytes) == (1e6, 300.0)


def test_resident_memory_grows_with_allocations():
    # A separate process: the kernel may reclaim idle pages of one that has run for long.
    finished = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert float(finished.stdout) == pytest.approx(64.0, abs=8.0)


def test_memory_of_the_device_is_read_on_cuda(record, monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: True, mem_get_info=lambda: (3 * 2**30, 4 * 2**30))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    record.update_memory()
    assert record.peak_device_mebibytes == 1024.0
    monkeypatch.delitem(sys.modules, "torch")
    record.update_memory()
    assert record.peak_device_mebibytes == 1024.0
