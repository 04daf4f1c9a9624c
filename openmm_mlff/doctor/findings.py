"""Findings about Python, the installed packages, GPUs and the compiler."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

DISTRIBUTION = "openmm-mlff"
PLUGIN, PLUGIN_MODULE = "acellera-openmmtorch-cu13", "openmmtorch"
"""The openmm-torch package of conda-forge provides the same module under another name."""

_DEVELOPMENT = {"test", "lint", "dev", "docs", "training"}
_SOURCE = '#include <vector>\nextern "C" int answer() { return std::vector<int>(42).size(); }\n'
_TIMEOUT_S = 30.0
_COMPILER_REMEDY = (
    "needed only for --backend python --compiled; on Debian or Ubuntu: apt-get install g++ "
    "python3-dev; with conda: conda install cxx-compiler"
)

State = Literal["ok", "note", "problem"]
"""`note`: validations do not need it; `problem`: the machine is not ready."""


@dataclass(frozen=True)
class Finding:
    """Result of one examination.

    Attributes:
        topic: heading under which it is listed, e.g. ``platforms``.
        what: name of the examined item.
        state: ok, note or problem.
        found: description of the result.
        remedy: what the user should do; empty if nothing.
    """

    topic: str
    what: str
    state: State
    found: str
    remedy: str = ""


def is_ready(findings: Sequence[Finding]) -> bool:
    """Return whether no finding is a problem."""
    return all(finding.state != "problem" for finding in findings)


def as_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings as JSON-compatible data."""
    return {
        "schema_version": 1,
        "ready": is_ready(findings),
        "findings": [asdict(finding) for finding in findings],
    }


def examine_python() -> Finding:
    """Compare the version of the interpreter with the required one."""
    allowed = str(importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"] or "")
    found = f"{platform.python_version()} in {sys.prefix}"
    if SpecifierSet(allowed).contains(platform.python_version(), prereleases=True):
        return Finding("python", "Python", "ok", found)
    remedy = (
        "make an environment with python 3.11: python3.11 -m venv .venv, or "
        "conda create -n openmm-mlff python=3.11"
    )
    return Finding("python", "Python", "problem", f"{found}; allowed is {allowed}", remedy)


def examine_packages() -> list[Finding]:
    """Compare every package with its range; required packages first, then optional ones."""
    lines = importlib.metadata.requires(DISTRIBUTION) or []
    return [examine_requirement(one, extra=extra) for one, extra in requirements(lines)]


def requirements(lines: Iterable[str]) -> list[tuple[Requirement, str]]:
    """Read the requirements that apply here from the metadata of a distribution.

    Each is returned with the extra that requires it, empty for the package itself; extras for
    development, and those made of other extras, are ignored.
    """
    found = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        named = re.search(r"extra == [\"']([\w-]+)[\"']", line)
        extra = named[1] if named else ""
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if applies and extra not in _DEVELOPMENT:
            found.append((requirement, extra))
    return sorted(found, key=lambda pair: pair[1] != "")


def examine_requirement(requirement: Requirement, *, extra: str) -> Finding:
    """Compare one package with its range; if missing, it is a problem unless in an extra."""
    name, specifier = requirement.name, requirement.specifier
    allowed = f"allowed is {specifier or 'any version'}"
    remedy = f'run: pip install "{name}{specifier}"'
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name == PLUGIN and importlib.util.find_spec(PLUGIN_MODULE) is not None:
            found = f"the module {PLUGIN_MODULE} is there instead"
            return Finding("packages", name, "ok", found)
        if extra:
            remedy = f"run: pip install 'openmm_mlff[{extra}]'"
            found = f"not installed; needed for {extra}"
            return Finding("packages", name, "note", found, remedy)
        return Finding("packages", name, "problem", f"not installed; {allowed}", remedy)
    if specifier.contains(version, prereleases=True):
        return Finding("packages", name, "ok", version)
    return Finding("packages", name, "problem", f"{version}; {allowed}", remedy)


@dataclass(frozen=True)
class Gpu:
    """A GPU as reported by its driver."""

    name: str
    driver: str
    total_mebibytes: float


def nvidia_gpus(program: str = "nvidia-smi") -> list[Gpu]:
    """Return the GPUs that the NVIDIA driver lists completely; none without a driver."""
    query = "--query-gpu=name,driver_version,memory.total"
    try:
        done = _run(program, query, "--format=csv,noheader,nounits")
    except (OSError, subprocess.TimeoutExpired):
        return []
    gpus = []
    for line in done.stdout.splitlines() if done.returncode == 0 else []:
        try:
            name, driver, total = map(str.strip, line.split(","))
            gpus.append(Gpu(name, driver, float(total)))
        except ValueError:
            continue
    return gpus


def examine_compiler() -> Finding:
    """Compile a small library, as `torch.compile` does; only ``--compiled`` needs it."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    if not compiler:
        problem = "none found"
    elif not headers.is_file():
        problem = f"{headers} is missing"
    else:
        problem = _compile(compiler)
    if problem:
        return Finding("compiler", "C++ compiler", "note", problem, _COMPILER_REMEDY)
    return Finding("compiler", "C++ compiler", "ok", f"{compiler} compiles with OpenMP")


def _compile(compiler: str) -> str:
    """Return why a small library cannot be compiled; empty if it can."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "answer.cpp"
        source.write_text(_SOURCE, encoding="utf-8")
        options = ["-shared", "-fPIC", "-fopenmp", str(source), "-o", f"{folder}/answer.so"]
        try:
            done = _run(*compiler.split(), *options)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{compiler}: {error}"
    if done.returncode == 0:
        return ""
    return f"{compiler} fails: {(done.stderr.strip().splitlines() or ['it gave no message'])[-1]}"


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
