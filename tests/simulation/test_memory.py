import subprocess
import sys
import types

import pytest

from openmm_mlff.simulation import memory, named_platform
from openmm_mlff.simulation.record import TrajectoryRecord


@pytest.fixture
def record(job):
    reference = named_platform("Reference")
    return TrajectoryRecord(job=job(), platform=reference.name, precision=reference.precision)


def test_the_peak_only_rises(record):
    memory.update_memory(record)
    first = record.peak_resident_mebibytes
    assert 20.0 < first < 1e5
    record.peak_resident_mebibytes = 1e6
    memory.update_memory(record)
    assert record.peak_resident_mebibytes == 1e6
    assert record.peak_device_mebibytes is None


def test_resident_memory_is_that_of_this_process():
    assert 20.0 < memory.resident_mebibytes() < 1e5


GROWTH = """
from openmm_mlff.simulation.memory import resident_mebibytes
before = resident_mebibytes()
held = b"1" * (64 * 2**20)
print(resident_mebibytes() - before)
"""


def test_grows_with_what_is_held():
    # In a process of its own: the kernel may take idle pages back from one that has run for long.
    finished = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert float(finished.stdout) == pytest.approx(64.0, abs=8.0)


def _torch_with(free, total):
    cuda = types.SimpleNamespace(is_available=lambda: True, mem_get_info=lambda: (free, total))
    return types.SimpleNamespace(cuda=cuda)


def test_the_device_counts_on_cuda(record, monkeypatch):
    record.platform = "CUDA"
    monkeypatch.setitem(sys.modules, "torch", _torch_with(3 * 2**30, 4 * 2**30))
    memory.update_memory(record)
    assert record.peak_device_mebibytes == 1024.0
    monkeypatch.delitem(sys.modules, "torch")
    memory.update_memory(record)
    assert record.peak_device_mebibytes == 1024.0
