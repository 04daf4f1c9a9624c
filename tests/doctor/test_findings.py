"""Findings about Python, packages, GPUs and the compiler."""

import importlib.metadata

import pytest
from packaging.requirements import Requirement

from openmm_mlff.doctor import findings
from openmm_mlff.doctor.findings import Finding, as_document


def test_only_problems_make_a_machine_unready():
    fine = [Finding("a", "b", "ok", "there"), Finding("a", "c", "note", "missing", "install it")]
    assert as_document(fine)["ready"] is True
    problem = Finding("a", "d", "problem", "broken", "mend it")
    document = as_document([*fine, problem])
    assert document["ready"] is False
    assert document["findings"][-1] == vars(problem)


def examined(line, *, extra=""):
    return findings.examine_requirement(Requirement(line), extra=extra)


def test_what_this_package_asks_for_is_looked_at():
    names = {finding.what for finding in findings.examine_packages()}
    assert {"openmm", "torch", "numpy", "acellera-openmmtorch-cu13", "tblite"} <= names
    assert "ruff" not in names


def test_an_installed_version_is_compared_with_its_range():
    version = importlib.metadata.version("numpy")
    assert examined("numpy>=1.0").state == "ok"
    finding = examined("numpy<1.0")
    assert finding.state == "problem"
    assert finding.found == f"{version}; allowed is <1.0"
    assert finding.remedy == 'run: pip install "numpy<1.0"'


def test_a_missing_package_is_a_problem_and_an_optional_one_a_note():
    needed = examined("no-such-package>=2")
    assert (needed.state, needed.remedy) == ("problem", 'run: pip install "no-such-package>=2"')
    optional = examined("no-such-package", extra="smiles")
    assert (optional.state, optional.remedy) == (
        "note",
        "run: pip install 'openmm_mlff[smiles]'",
    )


def test_conda_s_name_of_the_plugin_counts(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(findings.importlib.metadata, "version", missing)
    finding = examined("acellera-openmmtorch-cu13==1.10")
    assert (finding.state, finding.found) == ("ok", "the module openmmtorch is there instead")


def test_markers_and_development_are_left_out():
    lines = [
        "numpy>=2",
        "tomli; python_version < '3.0'",
        "ruff; extra == 'lint'",
        "tblite>=0.4; extra == 'reference'",
        "what is this??",
    ]
    found = [(one.name, extra) for one, extra in findings.requirements(lines)]
    assert found == [("numpy", ""), ("tblite", "reference")]


@pytest.mark.parametrize(("version", "state"), [("3.11.4", "ok"), ("3.14.0", "problem")])
def test_python_is_compared_with_what_is_allowed(monkeypatch, version, state):
    monkeypatch.setattr(findings.platform, "python_version", lambda: version)
    finding = findings.examine_python()
    assert finding.state == state
    assert bool(finding.remedy) is (state == "problem")


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_gpus_are_read_from_the_driver(tmp_path):
    smi = program(tmp_path, "nvidia-smi", "echo 'NVIDIA H100, 580.1, 81559'")
    assert findings.nvidia_gpus(smi) == [findings.Gpu("NVIDIA H100", "580.1", 81559.0)]


def test_no_driver_no_gpu(tmp_path):
    assert findings.nvidia_gpus(str(tmp_path / "absent")) == []
    assert findings.nvidia_gpus(program(tmp_path, "smi", "echo broken; exit 9")) == []
    assert findings.nvidia_gpus(program(tmp_path, "smi2", "echo X, 580, [N/A]")) == []


def test_a_compiler_that_works_is_named(monkeypatch, tmp_path):
    # Takes -o FILE like one.
    monkeypatch.setenv("CXX", program(tmp_path, "my-g++", "exit 0"))
    headers = tmp_path / "include"
    headers.mkdir()
    (headers / "Python.h").touch()
    monkeypatch.setattr(findings.sysconfig, "get_path", lambda _: str(headers))
    finding = findings.examine_compiler()
    assert finding.state == "ok"
    assert "my-g++ compiles" in finding.found


@pytest.mark.parametrize("why", ["none", "headers", "fails"])
def test_a_compiler_that_does_not_work_is_a_note_with_a_remedy(monkeypatch, tmp_path, why):
    headers = tmp_path / "include"
    headers.mkdir()
    if why != "headers":
        (headers / "Python.h").touch()
    monkeypatch.setattr(findings.sysconfig, "get_path", lambda _: str(headers))
    if why == "none":
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setattr(findings.shutil, "which", lambda _: None)
    else:
        monkeypatch.setenv("CXX", program(tmp_path, "c++", "echo no openmp >&2; exit 1"))
    finding = findings.examine_compiler()
    assert finding.state == "note"
    assert "apt-get install g++" in finding.remedy
    if why == "fails":
        assert finding.found.endswith("fails: no openmp")
    assert finding.found.startswith("/") == (why != "none")
