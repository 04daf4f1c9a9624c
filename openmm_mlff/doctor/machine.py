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
    remedy = (
        "needed only for --backend python --compiled; on Debian or Ubuntu: apt-get install g++ "
        "python3-dev; with conda: conda install cxx-compiler"
    )
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        return Finding("compiler", "C++ compiler", "note", "none found", remedy)
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    if not headers.is_file():
        return Finding("compiler", "C++ compiler", "note", f"{headers} is missing", remedy)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "answer.cpp"
        source.write_text(_SOURCE, encoding="utf-8")
        command = [*compiler.split(), "-shared", "-fPIC", "-fopenmp", str(source)]
        try:
            done = subprocess.run(
                [*command, "-o", str(source.with_suffix(".so"))],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finding("compiler", "C++ compiler", "note", f"{compiler}: {error}", remedy)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it gave no message"])[-1]
        return Finding("compiler", "C++ compiler", "note", f"{compiler} fails: {last}", remedy)
    return Finding("compiler", "C++ compiler", "ok", f"{compiler} compiles with OpenMP")
