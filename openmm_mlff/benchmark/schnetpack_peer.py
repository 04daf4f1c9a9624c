"""SchNetPack's PaiNN of the size of a student, if that package is installed."""

import importlib
import time
from typing import Any

import torch

from openmm_mlff.benchmark.blocks import Block
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.student import StudentPotential, weights_dtype
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.students.deployment import all_pairs
from openmm_mlff.students.painn import PaiNNConfig

MODULE = "schnetpack"


def schnetpack_block(
    potential: StudentPotential,
    molecule: MolecularSystem,
    *,
    geometries_angstrom: FloatArray,
    precision: str,
) -> Block:
    """Return a block of energies and forces by SchNetPack's PaiNN on the CPU.

    The model (Schütt, Unke, Gastegger, ICML 2021) has the channels, steps, basis and cutoff of the
    student, and random weights, which do not affect its time. The neighbour list is computed once
    and not timed. Geometries are (G, N, 3).

    Raises:
        UserError: the student is not a PaiNN of this package.
    """
    record = potential.student.record
    if record is None:
        raise UserError(f"{potential.spec} is no PaiNN of this package; expected one to compare")
    dtype = weights_dtype(precision)
    model = _network(record.config).to(dtype).eval()
    senders, receivers = all_pairs(molecule.n_atoms)
    fixed = {
        "_atomic_numbers": torch.from_numpy(molecule.atomic_numbers.copy()),
        "_idx_m": torch.zeros(molecule.n_atoms, dtype=torch.int64),
        "_idx_i": receivers,
        "_idx_j": senders,
        "_offsets": torch.zeros(len(senders), 3, dtype=dtype),
        "_n_atoms": torch.tensor([molecule.n_atoms]),
    }
    geometries = torch.tensor(geometries_angstrom, dtype=dtype)

    def run(steps: int) -> float:
        began = time.perf_counter()
        for step in range(steps):
            positions = geometries[step % len(geometries)].clone()
            model({**fixed, "_positions": positions})
        return time.perf_counter() - began

    return run


def _network(config: PaiNNConfig) -> torch.nn.Module:
    """Build SchNetPack's PaiNN with energies and forces."""
    parts: dict[str, Any] = {
        name: importlib.import_module(f"{MODULE}.{name}")
        for name in ("atomistic", "model", "nn", "representation")
    }
    cutoff = config.cutoff_angstrom
    representation = parts["representation"].PaiNN(
        n_atom_basis=config.features,
        n_interactions=config.interactions,
        radial_basis=parts["nn"].GaussianRBF(n_rbf=config.basis, cutoff=cutoff),
        cutoff_fn=parts["nn"].CosineCutoff(cutoff),
    )
    network: torch.nn.Module = parts["model"].NeuralNetworkPotential(
        representation=representation,
        input_modules=[parts["atomistic"].PairwiseDistances()],
        output_modules=[
            parts["atomistic"].Atomwise(n_in=config.features, output_key="energy"),
            parts["atomistic"].Forces(energy_key="energy", force_key="forces"),
        ],
    )
    return network
