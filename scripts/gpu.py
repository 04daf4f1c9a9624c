"""Test, measure and validate on a GPU; writes reports/benchmarks/cuda.json.

Run from the root of a checkout, on a machine with a device of CUDA or HIP; some eight minutes::

    python scripts/gpu.py                                    or: make gpu
    python scripts/gpu.py --platform Reference --output DIR  tries the script where there is no GPU

The tests marked `gpu` run first. Then the three students are measured on water and benzene, as they
are deployed (a CUDA graph) and by the plain export (none), alone and as batches of up to 1000
waters, and the smallest is validated by the protocol `standard`. Each stage has a limit of time;
what was finished before is written anyway.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openmm

from openmm_mlff.errors import UserError
from openmm_mlff.simulation import named_platform
from openmm_mlff.storage.files import write_text

RESULT = Path("reports/benchmarks/cuda.json")
GPU_PLATFORMS = ("CUDA", "HIP")
STUDENTS = ("student:original", "student:tiny", "student:ultra-tiny")
LIMITS_S = {"tests": 150, "benchmark": 200, "validation": 150}


def main() -> int:
    """Run the stages and write the result; return 1 if one of them failed, 2 without a GPU."""
    asked = read_arguments()
    try:
        platform = named_platform(asked.platform).name if asked.platform else device_platform()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if platform is None:
        wanted = " or ".join(GPU_PLATFORMS)
        print(
            f"OpenMM has no device of {wanted} here, so there is nothing to measure; run this on a "
            "machine with a GPU (`openmm-mlff doctor` says what is missing)",
            file=sys.stderr,
        )
        return 2
    asked.output.mkdir(parents=True, exist_ok=True)
    outcomes = {
        stage: run(stage, command, asked.output)
        for stage, command in commands(platform, asked.output).items()
    }
    # What was measured on another platform is no result of a GPU.
    result = RESULT if platform in GPU_PLATFORMS else asked.output / RESULT.name
    write_text(result, json.dumps(document(platform, outcomes, asked.output), indent=1))
    print(f"\n{result}: {outcomes}")
    return int(any(outcome not in ("done", "APPROVED") for outcome in outcomes.values()))


def read_arguments() -> argparse.Namespace:
    """Parse the platform and the folder of the runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platform", help="of OpenMM; default CUDA, else HIP")
    parser.add_argument("--output", type=Path, default=Path("runs/gpu"), help="for the runs")
    return parser.parse_args()


def device_platform() -> str | None:
    """Return the first platform of GPUs with a device; None where there is none."""
    for name in GPU_PLATFORMS:
        try:
            platform = openmm.Platform.getPlatformByName(name)
            openmm.Context(_one_particle(), openmm.VerletIntegrator(0.001), platform)
        except openmm.OpenMMException:
            continue
        return name
    return None


def _one_particle() -> openmm.System:
    system = openmm.System()
    system.addParticle(1.0)
    return system


def commands(platform: str, output: Path) -> dict[str, list[str]]:
    """Return the command of each stage."""
    python, scripts = sys.executable, Path(__file__).parent
    on = ["--platform", platform]
    replicas = [text for count in (16, 64, 1000) for text in ("--replicas", str(count))]
    return {
        "tests": [python, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"],
        "benchmark": [
            *(python, str(scripts / "benchmark.py"), *STUDENTS, "-s", "water", "-s", "benzene"),
            *(*on, "--backend", "torchforce", "--backend", "torchforce-plain", "--blocks", "5"),
            *(*replicas, "--output", str(output / "benchmark")),
        ],
        "validation": [
            *(python, str(scripts / "validate.py"), "student:ultra-tiny", "-s", "water", *on),
            *("--protocol", "standard", "--output", str(output / "validation")),
        ],
    }


def run(stage: str, command: list[str], output: Path) -> str:
    """Run a stage; return `done`, the verdict of a validation, or how it failed."""
    print(f"\n{stage}: {' '.join(command[1:])}", flush=True)
    try:
        code = subprocess.run(command, timeout=LIMITS_S[stage], check=False).returncode
    except subprocess.TimeoutExpired:
        return f"stopped after {LIMITS_S[stage]} s"
    report = output / "validation" / "report.json"
    if stage == "validation" and report.is_file():
        return str(json.loads(report.read_text(encoding="utf-8"))["verdict"]["label"])
    return "done" if code == 0 else f"exit code {code}"


def document(platform: str, outcomes: dict[str, str], output: Path) -> dict[str, Any]:
    """Return what is published: the device, the outcome of each stage, and the measured rows."""
    found: dict[str, Any] = {"platform": platform, "device": device_name(), "stages": outcomes}
    benchmark = output / "benchmark" / "benchmark.json"
    if benchmark.is_file():
        measured = json.loads(benchmark.read_text(encoding="utf-8"))
        found |= {key: measured[key] for key in ("environment", "method", "rows")}
    return found


def device_name() -> str:
    """Return the name of the first device as torch knows it; empty without one."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""


if __name__ == "__main__":
    sys.exit(main())
