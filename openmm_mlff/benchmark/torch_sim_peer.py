"""A student stepped by torch-sim, if that is installed."""

import importlib
import time
from typing import Any

import torch

from openmm_mlff.benchmark.blocks import Block, Start
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.simulation.replicas.module import Copies
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, ps_from_fs

MODULE = "torch_sim"
_DTYPE = torch.float64


def torch_sim_block(
    potential: StudentPotential,
    molecule: MolecularSystem,
    *,
    start: Start,
    precision: str,
    timestep_fs: float,
    temperature_kelvin: float,
    n_replicas: int = 1,
) -> Block:
    """Return a block of NVE steps of torch-sim on the CPU.

    torch-sim draws the velocities itself and steps the ``n_replicas`` copies as one batch. Every
    block continues from the last state of the previous one.
    """
    torch_sim: Any = importlib.import_module(MODULE)
    units: Any = importlib.import_module(f"{MODULE}.units").MetalUnits
    model = _wrapped(potential, molecule, n_replicas, precision=precision)
    atoms = molecule.to_ase()
    atoms.positions = start.positions_angstrom
    placed = torch_sim.initialize_state([atoms] * n_replicas, device=model.device, dtype=_DTYPE)
    state = torch_sim.nve_init(
        placed, model, kT=torch.tensor(BOLTZMANN_EV_PER_KELVIN * temperature_kelvin, dtype=_DTYPE)
    )
    timestep = torch.tensor(ps_from_fs(timestep_fs) * float(units.time), dtype=_DTYPE)

    def run(steps: int) -> float:
        nonlocal state
        began = time.perf_counter()
        for _ in range(steps):
            state = torch_sim.nve_step(state, model, dt=timestep)
        return time.perf_counter() - began

    return run


def _wrapped(
    potential: StudentPotential, molecule: MolecularSystem, n_replicas: int, *, precision: str
) -> Any:
    """Wrap the plain TorchScript export of a student as `ModelInterface`: Å, eV and eV/Å."""
    interface: Any = importlib.import_module(f"{MODULE}.models.interface").ModelInterface
    numbers = torch.from_numpy(molecule.atomic_numbers.copy())
    copies = Copies(potential.student.model, numbers, n_replicas, weights_dtype(precision))
    script = torch.jit.script(copies.eval())

    class Student(interface):
        def __init__(self) -> None:
            super().__init__()
            self._device = torch.device("cpu")
            self._dtype = _DTYPE
            self._compute_stress = False
            self._compute_forces = True

        def forward(self, state: Any, **_: Any) -> dict[str, torch.Tensor]:
            positions = state.positions.detach().requires_grad_()
            energies = script.energies(positions)
            (gradient,) = torch.autograd.grad(energies.sum(), positions)
            return {"energy": energies.detach(), "forces": -gradient}

        def __call__(self, state: Any, **options: Any) -> dict[str, torch.Tensor]:
            return self.forward(state, **options)

    return Student()
