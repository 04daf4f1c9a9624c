"""A student stepped by torch-sim, where that is installed."""

import importlib
import importlib.util
import time
from typing import Any

import torch

from openmm_mlff.benchmark.blocks import Block, Start
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.python_backend import eager_gradient
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.units import (
    ANGSTROM_PER_NM,
    KJ_PER_MOL_PER_EV,
    nm_from_angstrom,
    ps_from_fs,
)

MODULE = "torch_sim"
NOT_INSTALLED = (
    "the module torch_sim is not installed; pip install torch-sim-atomistic to have it measured"
)


def torch_sim_is_installed() -> bool:
    """Tell whether torch-sim can be imported, without importing it."""
    return importlib.util.find_spec(MODULE) is not None


def torch_sim_block(
    potential: StudentPotential,
    molecule: MolecularSystem,
    *,
    start: Start,
    precision: str,
    timestep_fs: float,
    temperature_kelvin: float,
) -> Block:
    """Give a block of NVE steps of torch-sim on the CPU; one replica.

    Args:
        potential: a student.
        molecule: isolated.
        start: its positions; torch-sim draws velocities itself.
        precision: of the weights.
        timestep_fs: of the integrator.
        temperature_kelvin: of the velocities.

    Returns:
        The block; what torch-sim does before its first step counts, spread over the steps.
    """
    torch_sim: Any = importlib.import_module(MODULE)
    model = _wrapped(potential, molecule, precision=precision)
    atoms = molecule.to_ase()
    atoms.positions = start.positions_angstrom

    def run(steps: int) -> float:
        started = time.perf_counter()
        torch_sim.integrate(
            system=atoms,
            model=model,
            integrator=torch_sim.Integrator.nve,
            n_steps=steps,
            temperature=temperature_kelvin,
            timestep=ps_from_fs(timestep_fs),
        )
        return time.perf_counter() - started

    return run


def _wrapped(potential: StudentPotential, molecule: MolecularSystem, *, precision: str) -> Any:
    """Wrap a student as torch-sim's `ModelInterface`: Å in, eV and eV/Å out."""
    interface: Any = importlib.import_module(f"{MODULE}.models.interface").ModelInterface
    differentiate = eager_gradient(potential.module(molecule, precision=precision))

    class Student(interface):
        def __init__(self) -> None:
            super().__init__()
            self._device = torch.device("cpu")
            self._dtype = torch.float64
            self._compute_stress = False
            self._compute_forces = True

        def forward(self, state: Any, **_: Any) -> dict[str, torch.Tensor]:
            gradient, energy = differentiate(nm_from_angstrom(state.positions))
            return {
                "energy": energy.reshape(1) / KJ_PER_MOL_PER_EV,
                "forces": -gradient / (KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM),
            }

        def __call__(self, state: Any, **options: Any) -> dict[str, torch.Tensor]:
            return self.forward(state, **options)

    return Student()
