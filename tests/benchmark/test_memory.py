import json
import resource
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from openmm_mlff.benchmark import memory
from openmm_mlff.benchmark.memory import (
    MemoryRequest,
    MemoryUse,
    main,
    measure_memory,
    peak_resident_mebibytes,
    run_and_look,
)
from openmm_mlff.errors import SimulationError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.results import jsonable
from openmm_mlff.rundir import read_json
from openmm_mlff.simulation import PlatformChoice, named_platform

BALLAST_MEBIBYTES = 300


@pytest.fixture
def request_of_water(specs, water):
    return MemoryRequest(
        spec=specs[1],
        options=PotentialOptions(backend="python"),
        molecule=water,
        platform=named_platform("Reference"),
        precision="mixed",
        timestep_fs=0.5,
        steps=3,
        threads=1,
    )


def test_a_fresh_process_does_not_see_the_peak_of_this_one(request_of_water):
    ballast = b"\1" * (BALLAST_MEBIBYTES * 2**20)
    here = peak_resident_mebibytes()
    del ballast
    found = measure_memory(request_of_water)
    assert 100.0 < found.baseline_resident_mebibytes < found.peak_resident_mebibytes
    assert found.peak_resident_mebibytes < here - BALLAST_MEBIBYTES / 3
    assert found.device_mebibytes is None


@pytest.mark.parametrize(
    ("code", "stderr", "said"),
    [
        (
            1,
            "Traceback\n  File\nCheckpointError: gone\n",
            r"ended with code 1 \(Checkpoi.*: gone\)",
        ),
        (-9, "", r"ended with code -9 \(no message\)"),
        (0, "", "ended with code 0"),
    ],
)
def test_a_process_that_fails_is_named_with_its_reason(
    request_of_water, monkeypatch, code, stderr, said
):
    # With code 0, too: the file with the result is not there.
    failed = subprocess.CompletedProcess([], returncode=code, stderr=stderr)
    monkeypatch.setattr(memory.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SimulationError, match=rf"small.safetensors on water {said}"):
        measure_memory(request_of_water)


def test_what_the_process_does(request_of_water, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    asked, found = tmp_path / "request.json", tmp_path / "result.json"
    asked.write_text(json.dumps(jsonable(memory._request_to_json(request_of_water))))
    main([str(asked), str(found)])
    use = MemoryUse(**read_json(found))
    assert use.peak_resident_mebibytes >= use.baseline_resident_mebibytes > 100.0
    assert use.device_mebibytes is None
    assert use.first_call_s > 0.0


def test_the_process_starts_without_what_was_compiled_before(request_of_water, monkeypatch):
    seen = {}

    def run(command, *, env, **_):
        seen.update(env)
        return subprocess.CompletedProcess([], returncode=1, stderr="enough")

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "of-the-user")
    monkeypatch.setattr(memory.subprocess, "run", run)
    with pytest.raises(SimulationError):
        measure_memory(request_of_water)
    assert seen["TORCHINDUCTOR_CACHE_DIR"].endswith("result.cache")


def test_the_request_says_the_backend(request_of_water):
    table = json.loads(json.dumps(jsonable(memory._request_to_json(request_of_water))))
    assert memory._request_from_json(table).options == PotentialOptions(backend="python")


def test_device_memory_is_the_most_that_was_seen(request_of_water, monkeypatch):
    looks = iter([10.0, 70.0, 30.0])
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(memory, "_device_mebibytes", lambda: next(looks))
    # A platform of that name is not needed to see that the largest look counts.
    reference = named_platform("Reference")
    monkeypatch.setattr(
        memory,
        "make_simulation",
        lambda *arguments, platform, **named: _make(*arguments, platform=reference, **named),
    )
    cuda = replace(request_of_water, platform=PlatformChoice("CUDA"))
    assert run_and_look(cuda).device_mebibytes == 70.0


_make = memory.make_simulation


def test_what_others_use_on_the_device_is_taken_off(request_of_water, monkeypatch):
    def child(asked, found, *, request):
        found.write_text(json.dumps(vars(MemoryUse(1.0, 2.0, 900.0, 0.5))))

    monkeypatch.setattr(memory, "_run_child", child)
    monkeypatch.setattr(memory, "_device_mebibytes", lambda: 650.0)
    cuda = replace(request_of_water, platform=PlatformChoice("CUDA"))
    assert measure_memory(cuda) == MemoryUse(1.0, 2.0, 250.0, 0.5)


def test_device_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (3 * 2**20, 10 * 2**20))
    assert memory._device_mebibytes() == 7.0


def test_peak_without_the_status_file(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_PROCESS_STATUS", tmp_path / "none")
    from_usage = peak_resident_mebibytes()
    assert from_usage == pytest.approx(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rel=0.01
    )
    monkeypatch.setattr(sys, "platform", "darwin")
    assert peak_resident_mebibytes() == pytest.approx(from_usage / 1024, rel=0.01)


@pytest.mark.gpu
def test_device_memory_on_cuda(request_of_water):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    found = measure_memory(replace(request_of_water, platform=named_platform("CUDA")))
    assert found.device_mebibytes > 10.0
