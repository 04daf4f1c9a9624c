import os

import pytest

from openmm_mlff.doctor import machine


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_gpus_are_read_from_the_driver(tmp_path):
    smi = program(tmp_path, "nvidia-smi", "echo 'NVIDIA H100, 580.1, 81559, 512'")
    (gpu,) = machine.nvidia_gpus(smi)
    assert (gpu.name, gpu.driver, gpu.total_mebibytes, gpu.used_mebibytes) == (
        "NVIDIA H100",
        "580.1",
        81559.0,
        512.0,
    )


def test_no_driver_no_gpu(tmp_path):
    assert machine.nvidia_gpus(str(tmp_path / "absent")) == []
    assert machine.nvidia_gpus(program(tmp_path, "smi", "echo broken; exit 9")) == []
    assert machine.parse_gpus("NVIDIA X, 580, [N/A], [N/A]\n\n") == []


def test_a_compiler_that_works_is_named(monkeypatch, tmp_path):
    # Takes -o FILE like one.
    monkeypatch.setenv("CXX", program(tmp_path, "my-g++", "exit 0"))
    headers = tmp_path / "include"
    headers.mkdir()
    (headers / "Python.h").touch()
    monkeypatch.setattr(machine.sysconfig, "get_path", lambda _: str(headers))
    finding = machine.examine_compiler()
    assert finding.state == "ok"
    assert "my-g++ compiles" in finding.found


@pytest.mark.parametrize("why", ["none", "headers", "fails"])
def test_a_compiler_that_does_not_work_is_a_note_with_a_remedy(monkeypatch, tmp_path, why):
    headers = tmp_path / "include"
    headers.mkdir()
    if why != "headers":
        (headers / "Python.h").touch()
    monkeypatch.setattr(machine.sysconfig, "get_path", lambda _: str(headers))
    if why == "none":
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setattr(machine.shutil, "which", lambda _: None)
    else:
        monkeypatch.setenv("CXX", program(tmp_path, "c++", "echo no openmp >&2; exit 1"))
    finding = machine.examine_compiler()
    assert finding.state == "note"
    assert "apt-get install g++" in finding.remedy
    if why == "fails":
        assert finding.found.endswith("fails: no openmp")
    assert os.path.isabs(finding.found) == (why != "none")
