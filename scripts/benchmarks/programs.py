"""Other programs that run the network of a student: torch-sim, and SchNetPack's PaiNN.

pip install torch-sim-atomistic schnetpack
"""

import time
from typing import Any

import torch

from openmm_mlff.benchmark.blocks import Setting, Start
from openmm_mlff.benchmark.model_blocks import distorted
from openmm_mlff.benchmark.rounds import Block
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.simulation.replicas.module import Copies
from openmm_mlff.students.deployment import all_pairs
from openmm_mlff.students.painn import PaiNNConfig
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, ps_from_fs

TORCH_SIM, SCHNETPACK = "torch-sim", "schnetpack"
CALLS = {TORCH_SIM: "NVE step of torch-sim", SCHNETPACK: "energy and forces of its PaiNN"}


def torch_sim_block(
    potential: StudentPotential, setting: Setting, start: Start, *, replicas: int = 1
) -> Block:
    """Return a block of NVE steps of torch-sim on the CPU, with all replicas as one batch.

    torch-sim draws the velocities itself. Every block continues from the last state of the
    previous one.
    """
    import torch_sim
    from torch_sim.units import MetalUnits

    model = _interface(potential, setting, replicas)
    atoms = setting.molecule.to_ase()
    atoms.positions = start.positions_angstrom
    placed = torch_sim.initialize_state(
        [atoms] * replicas, device=torch.device("cpu"), dtype=torch.float64
    )
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * setting.plan.temperature_kelvin
    state = torch_sim.nve_init(placed, model, kT=torch.tensor(thermal_ev, dtype=torch.float64))
    timestep = torch.tensor(
        ps_from_fs(setting.plan.timestep_fs) * float(MetalUnits.time), dtype=torch.float64
    )

    def run(steps: int) -> float:
        nonlocal state
        started = time.perf_counter()
        for _ in range(steps):
            state = torch_sim.nve_step(state, model, dt=timestep)
        return time.perf_counter() - started

    return run


def _interface(potential: StudentPotential, setting: Setting, replicas: int) -> Any:
    """Wrap the plain TorchScript export of a student as `ModelInterface`: Å, eV and eV/Å."""
    from torch_sim.models.interface import ModelInterface

    numbers = torch.from_numpy(setting.molecule.atomic_numbers.copy())
    dtype = weights_dtype(setting.precision)
    script = torch.jit.script(Copies(potential.student.model, numbers, replicas, dtype).eval())

    class Student(ModelInterface):
        def __init__(self) -> None:
            super().__init__()
            self._device = torch.device("cpu")
            self._dtype = torch.float64
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


def schnetpack_block(potential: StudentPotential, setting: Setting, start: Start) -> Block:
    """Return a block of energies and forces by SchNetPack's PaiNN on the CPU.

    The model (Schütt, Unke, Gastegger, ICML 2021) has the channels, steps, basis and cutoff of the
    student, and random weights, which do not affect its time. The neighbour list is computed once
    and not timed.
    """
    dtype = weights_dtype(setting.precision)
    molecule = setting.molecule
    model = _painn(potential.student.record.config).to(dtype).eval()
    senders, receivers = all_pairs(molecule.n_atoms)
    fixed = {
        "_atomic_numbers": torch.from_numpy(molecule.atomic_numbers.copy()),
        "_idx_m": torch.zeros(molecule.n_atoms, dtype=torch.int64),
        "_idx_i": receivers,
        "_idx_j": senders,
        "_offsets": torch.zeros(len(senders), 3, dtype=dtype),
        "_n_atoms": torch.tensor([molecule.n_atoms]),
    }
    geometries = torch.tensor(distorted(setting, start), dtype=dtype)

    def run(steps: int) -> float:
        started = time.perf_counter()
        for step in range(steps):
            model({**fixed, "_positions": geometries[step % len(geometries)].clone()})
        return time.perf_counter() - started

    return run


def _painn(config: PaiNNConfig) -> torch.nn.Module:
    """Build SchNetPack's PaiNN with energies and forces."""
    from schnetpack import atomistic, nn
    from schnetpack.model import NeuralNetworkPotential
    from schnetpack.representation import PaiNN

    representation = PaiNN(
        n_atom_basis=config.features,
        n_interactions=config.interactions,
        radial_basis=nn.GaussianRBF(n_rbf=config.basis, cutoff=config.cutoff_angstrom),
        cutoff_fn=nn.CosineCutoff(config.cutoff_angstrom),
    )
    return NeuralNetworkPotential(
        representation=representation,
        input_modules=[atomistic.PairwiseDistances()],
        output_modules=[
            atomistic.Atomwise(n_in=config.features, output_key="energy"),
            atomistic.Forces(energy_key="energy", force_key="forces"),
        ],
    )


BLOCKS = {TORCH_SIM: torch_sim_block, SCHNETPACK: schnetpack_block}
