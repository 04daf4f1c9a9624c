"""Trials, one per process: `python -m openmm_mlff.doctor.trial NAME [ARGUMENT]...`."""

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Callable
from typing import Any

from openmm_mlff.doctor.children import MARKER
from openmm_mlff.units import MEBIBYTE

_TOLERANCE_KJ_PER_MOL = 1e-3


def try_openmm() -> dict[str, Any]:
    """Return OpenMM's platforms and the errors of those that failed to load."""
    from openmm_mlff.simulation.platforms import (
        HOW_TO_GET,
        available_platforms,
        load_failures,
    )

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
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform),
    )
    context.setPositions(positions)
    state = context.getState(energy=True, forces=True)
    error = max(
        abs(state.getPotentialEnergy()._value - float((positions**2).sum())),
        float(np.abs(np.array(state.getForces(asNumpy=True)._value) + 2.0 * positions).max()),
    )
    if not error < _TOLERANCE_KJ_PER_MOL:
        raise RuntimeError(f"energy and forces are off by {error:.3g} kJ/mol (nm)")
    context.getIntegrator().step(1)
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


TRIALS: dict[str, Callable[..., dict[str, Any]]] = {
    "openmm": try_openmm,
    "torch": try_torch,
    "torchforce": try_torchforce,
    "reference": try_reference,
    "plugin": try_plugin,
    "import": try_import,
}


def main(arguments: list[str]) -> None:
    """Run one trial and print its result in one line."""
    name, *rest = arguments
    # An exception leaves its traceback on stderr, which the parent reads.
    print(f"\n{MARKER}{json.dumps(TRIALS[name](*rest))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
