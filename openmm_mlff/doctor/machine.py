"""Hardware and tools outside of Python: GPUs (nvidia-smi) and the compiler."""

import os
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from openmm_mlff.doctor.findings import Finding

_QUERY = "name,driver_version,memory.total,memory.used"
_SOURCE = '#include <vector>\nextern "C" int answer() { return std::vector<int>(42).size(); }\n'
_TIMEOUT_S = 30.0
_COMPILER_REMEDY = (
    "needed only for --backend python --compiled; on Debian or Ubuntu: apt-get install g++ "
    "python3-dev; with conda: conda install cxx-compiler"
)


@dataclass(frozen=True)
class Gpu:
    """A GPU as reported by its driver."""

    name: str
    driver: str
    total_mebibytes: float
    used_mebibytes: float


def nvidia_gpus(program: str = "nvidia-smi") -> list[Gpu]:
    """Return the GPUs that the NVIDIA driver lists; none without a driver."""
    if shutil.which(program) is None:
        return []
    try:
        done = subprocess.run(
            [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_gpus(done.stdout) if done.returncode == 0 else []


def parse_gpus(text: str) -> list[Gpu]:
    """Read the CSV output of nvidia-smi, ignoring incomplete lines."""
    gpus = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        try:
            name, driver, total, used = fields
            gpus.append(Gpu(name, driver, float(total), float(used)))
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
            done = subprocess.run(
                [*compiler.split(), *options],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{compiler}: {error}"
    if done.returncode == 0:
        return ""
    return f"{compiler} fails: {(done.stderr.strip().splitlines() or ['it gave no message'])[-1]}"
