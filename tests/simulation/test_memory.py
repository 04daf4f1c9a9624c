import subprocess
import sys
import types

import pytest

from openmm_mlff.simulation import memory, named_platform
from openmm_mlff.simulation.record import TrajectoryRecord

GROWTH = """
from openmm_mlff.simulation.memory import resident_mebibytes
before = resident_mebibytes()
held = b"1" * (64 * 2**20)
print(resident_mebibytes() - before)
"""


@pytest.fixture
def record(job):
    reference = named_platform("Reference")
    return TrajectoryRecord(job=job(), platform=reference.name, precision=reference.precision)


def test_the_peak_never_decreases(record):
    memory.update_memory(record)
    assert 20.0 < record.peak_resident_mebibytes < 1e5
    record.peak_resident_mebibytes = 1e6
    memory.update_memory(record)
    assert record.peak_resident_mebibytes == 1e6
    assert record.peak_device_mebibytes is None


def test_resident_memory_grows_with_allocations():
    # A separate process: the kernel may reclaim idle pages of one that has run for long.
    finished = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert float(finished.stdout) == pytest.approx(64.0, abs=8.0)


def test_memory_of_the_device_is_read_on_cuda(record, monkeypatch):
    record.platform = "CUDA"
    cuda = types.SimpleNamespace(
        is_available=lambda: True, mem_get_info=lambda: (3 * 2**30, 4 * 2**30)
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    memory.update_memory(record)
    assert record.peak_device_mebibytes == 1024.0
    monkeypatch.delitem(sys.modules, "torch")
    memory.update_memory(record)
    assert record.peak_device_mebibytes == 1024.0
