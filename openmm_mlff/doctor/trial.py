"""Trials, each in a process of its own: `python -m openmm_mlff.doctor.trial NAME [ARGUMENT]...`."""

import importlib
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openmm_mlff.units import MEBIBYTE

TIMEOUT_S = 180.0
MARKER = "openmm-mlff-trial:"
"""Prefix of the line that holds the result; libraries may print other lines to stdout."""

_ERROR = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")
_TOLERANCE_KJ_PER_MOL = 1e-3


@dataclass(frozen=True)
class TrialOutcome:
    """Result of a trial.

    Attributes:
        data: the result; empty if the trial failed.
        problem: reason for the failure, in one line; empty on success.
    """

    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def run_trial(
    name: str,
    *arguments: str,
    timeout_s: float = TIMEOUT_S,
    module: str = "openmm_mlff.doctor.trial",
) -> TrialOutcome:
    """Run a trial in a new process, terminated after ``timeout_s``."""
    environment = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONFAULTHANDLER": "0"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", module, name, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TrialOutcome(problem=f"did not end within {timeout_s:g} s")
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(MARKER):
            return TrialOutcome(json.loads(line.removeprefix(MARKER)))
    return TrialOutcome(problem=_how_it_ended(done.returncode, done.stderr))


def _how_it_ended(code: int, stderr: str) -> str:
    """Return a description of how a process without a result ended."""
    if code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    lines = [line for line in stderr.splitlines() if line.strip()]
    # A traceback ends with the error, possibly on several lines; earlier lines are indented.
    starts = [k for k, line in enumerate(lines) if _ERROR.match(line)]
    said = " ".join(" ".join(lines[starts[-1] if starts else -1 :]).split())
    return said or f"ended with code {code} and no message"


def try_openmm() -> dict[str, Any]:
    """Return OpenMM's platforms and the errors of those that failed to load."""
    from openmm_mlff.simulation.platforms import HOW_TO_GET, available_platforms, load_failures

    return {
        "platforms": available_platforms(),
        "failures": load_failures(),
        "remedies": HOW_TO_GET,
    }


def try_torch() -> dict[str, Any]:
    """Multiply two matrices, also on the GPU if torch detects one."""
    import torch

    found: dict[str, Any] = {
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "built_for_cuda": torch.version.cuda,
        "gpus": [],
    }
    (torch.ones(8, 8) @ torch.ones(8, 8)).sum().item()
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            ones = torch.ones(64, 64, device=f"cuda:{index}")
            (ones @ ones).sum().item()
            free, total = torch.cuda.mem_get_info(index)
            found["gpus"].append(
                {
                    "name": torch.cuda.get_device_name(index),
                    "free_mebibytes": free // MEBIBYTE,
                    "total_mebibytes": total // MEBIBYTE,
                }
            )
    return found


def try_torchforce(platform: str) -> dict[str, Any]:
    """Run a harmonic well as a TorchForce and return the largest error.

    Raises:
        RuntimeError: energy or forces differ from the analytic ones.
    """
    import numpy as np
    import openmm
    import torch

    from openmm_mlff.potentials.torch_plugin import import_openmmtorch

    class Well(torch.nn.Module):
        def forward(self, positions: torch.Tensor) -> torch.Tensor:
            return (positions**2).sum()

    openmmtorch = import_openmmtorch()
    system = openmm.System()
    positions = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.5]])
    for _ in positions:
        system.addParticle(1.0)
    system.addForce(openmmtorch.TorchForce(torch.jit.script(Well())))
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform))
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    error = max(
        abs(state.getPotentialEnergy()._value - float((positions**2).sum())),
        float(np.abs(np.array(state.getForces(asNumpy=True)._value) + 2.0 * positions).max()),
    )
    if not error < _TOLERANCE_KJ_PER_MOL:
        raise RuntimeError(f"energy and forces are off by {error:.3g} kJ/mol (nm)")
    integrator.step(1)
    return {"error_kj_per_mol": error}


def try_reference() -> dict[str, Any]:
    """Evaluate a water molecule with GFN2-xTB."""
    from ase import Atoms
    from tblite.ase import TBLite

    water = Atoms("OHH", positions=[[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    water.calc = TBLite(method="GFN2-xTB", verbosity=0)
    return {"energy_ev": float(water.get_potential_energy())}


def try_plugin(group: str, name: str) -> dict[str, Any]:
    """Load a third-party check or potential and return the package that provides it.

    Raises:
        TypeError: it is neither a check nor a potential.
    """
    from openmm_mlff.checks import plugins

    (entry, *_) = importlib.metadata.entry_points(group=group, name=name)
    if group == plugins.ENTRY_POINTS:
        plugins.load_entry(entry)
    elif not callable(entry.load()):
        raise TypeError(f"{entry.value} is not a factory: it cannot be called")
    package = entry.dist
    return {"package": f"{package.name} {package.version}" if package else entry.value}


def try_import(module: str) -> dict[str, Any]:
    """Import a module."""
    importlib.import_module(module)
    return {}


_TRIALS = (try_openmm, try_torch, try_torchforce, try_reference, try_plugin, try_import)
TRIALS: dict[str, Callable[..., dict[str, Any]]] = {
    trial.__name__.removeprefix("try_"): trial for trial in _TRIALS
}


def main(arguments: list[str]) -> None:
    """Run one trial and print its result in one line."""
    name, *rest = arguments
    # An exception leaves its traceback on stderr, which the parent reads.
    print(f"\n{MARKER}{json.dumps(TRIALS[name](*rest))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
