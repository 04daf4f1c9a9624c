import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from openmm_mlff.benchmark import memory
from openmm_mlff.benchmark.memory import (
    MemoryUse,
    measure_memory,
    peak_resident_mebibytes,
    run_and_sample,
)
from openmm_mlff.errors import SimulationError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.simulation import PlatformChoice, named_platform

BALLAST_MEBIBYTES = 300
PYTHON = PotentialOptions(backend="python")


def test_a_fresh_process_has_its_own_peak(specs, setting, start):
    ballast = b"\1" * (BALLAST_MEBIBYTES * 2**20)
    here = peak_resident_mebibytes()
    del ballast
    found = measure_memory(specs[1], setting, start, options=PYTHON)
    assert 100.0 < found.baseline_resident_mebibytes < found.peak_resident_mebibytes
    assert found.peak_resident_mebibytes < here - BALLAST_MEBIBYTES / 3
    assert found.peak_device_mebibytes is None
    assert found.first_call_s > 0.0


def test_a_process_that_fails_is_reported(setting, start, monkeypatch):
    # The process ends because it cannot be initialised.
    monkeypatch.setattr(memory, "_use_cache", int)
    with pytest.raises(SimulationError, match=r"a\.pt on water failed \(BrokenProcessPool"):
        measure_memory("a.pt", setting, start, options=PYTHON)


@pytest.fixture
def in_a_thread(monkeypatch):
    """Run the measurement in a thread, where functions of this module can be called."""
    monkeypatch.setattr(memory, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))


@pytest.mark.usefixtures("in_a_thread")
def test_an_error_of_the_model_is_reported(setting, start, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(memory, "run_and_sample", fail)
    with pytest.raises(SimulationError, match="RuntimeError: out of memory"):
        measure_memory("a.pt", setting, start, options=PYTHON)


def test_device_memory_is_the_maximum_of_the_samples(specs, setting, start, monkeypatch):
    samples = iter([10.0, 70.0, 30.0, 20.0])
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(memory, "_device_mebibytes", lambda: next(samples))
    # The samples are those of the name of the platform, whatever runs.
    reference, real = named_platform("Reference"), memory.make_simulation
    monkeypatch.setattr(
        memory,
        "make_simulation",
        lambda *arguments, platform, **named: real(*arguments, platform=reference, **named),
    )
    cuda = replace(setting, platform=PlatformChoice("CUDA"))
    found = run_and_sample(specs[1], cuda, start, options=PYTHON)
    assert found.peak_device_mebibytes == 70.0
    assert found.peak_resident_mebibytes >= found.baseline_resident_mebibytes > 100.0


@pytest.mark.usefixtures("in_a_thread")
def test_device_memory_of_others_is_subtracted(setting, start, monkeypatch):
    use = MemoryUse(1.0, 2.0, 900.0, 0.5)
    monkeypatch.setattr(memory, "run_and_sample", lambda *_, **__: use)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (350 * 2**20, 1000 * 2**20))
    cuda = replace(setting, platform=PlatformChoice("CUDA"))
    found = measure_memory("a.pt", cuda, start, options=PYTHON)
    assert found == MemoryUse(1.0, 2.0, 250.0, 0.5)


def test_peak_without_the_status_file(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_PROCESS_STATUS", tmp_path / "none")
    from_usage = peak_resident_mebibytes()
    assert from_usage == pytest.approx(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rel=0.01
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    assert peak_resident_mebibytes() == pytest.approx(from_usage / 1024, rel=0.01)


@pytest.mark.gpu
def test_device_memory_on_cuda(specs, setting, start):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    cuda = replace(setting, platform=named_platform("CUDA"))
    found = measure_memory(specs[1], cuda, start, options=PYTHON)
    assert found.peak_device_mebibytes > 10.0
