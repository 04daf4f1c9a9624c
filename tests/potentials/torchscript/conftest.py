"""Small TorchScript files of every contract, and OpenMM on the Reference platform."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from openmm_mlff.molecules import load_system
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript import load_torchscript

from ..conftest import particles_with

NUMBERS = "atomic_numbers: Tensor, positions: Tensor"
IN_A_BOX = """vectors = positions[1:] - positions[0]
    fractions = vectors @ torch.linalg.inv(boxvectors)
    vectors = (fractions - torch.round(fractions)) @ boxvectors
    return (5.0e4 * (torch.linalg.vector_norm(vectors, dim=1) - 0.1) ** 2).sum()"""
# Its forces are three times the gradient, which shows which of the two are used.
WITH_FORCES = """middle = positions - positions.mean(dim=0)
    return 5.0e4 * (middle**2).sum(), -6.0 * 5.0e4 * middle"""
# eV and Å; the energy has the shape (1, 1).
NUMBERS_BODY = """weights = atomic_numbers.to(positions.dtype)
    apart = (positions[:, None] - positions).pow(2).sum(dim=-1)
    return (weights[:, None] * weights * apart).sum().reshape(1, 1) * 0.01"""
NUMBERS_WITH_FORCES = """weights = atomic_numbers.to(positions.dtype)[:, None]
    return (weights * positions**2).sum(), -2.0 * weights * positions"""
THREE_ATOMS = """rest = torch.tensor([0.1, 0.1, 0.15], dtype=positions.dtype)
    return ((torch.pdist(positions) - rest) ** 2).sum()"""
OPTIONAL_BOX = """energy = (positions**2).sum()
    return energy if box is None else energy + box[0, 0] * positions[0, 0]"""
# Adds the first coordinate of its first call.
KEEPS_THE_FIRST = """if not self.called:
        self.called = True
        self.first = positions.detach()[0, 0].clone()
    return (positions**2).sum() + self.first"""

SOURCES = {
    "Springs": (
        "positions: Tensor",
        "return (5.0e4 * (torch.pdist(positions) - self.rest) ** 2).sum()",
    ),
    "SpringsInABox": ("positions: Tensor, boxvectors: Tensor", IN_A_BOX),
    "WithForces": ("positions: Tensor", WITH_FORCES),
    "WithParameters": (
        "positions: Tensor, stiffness: Tensor, rest: float",
        "return (stiffness * (torch.pdist(positions) - rest) ** 2).sum()",
    ),
    "WithTensors": (
        "positions: Tensor, first: Tensor, second: Tensor",
        "return first * (torch.pdist(positions) ** 2).sum() + second",
    ),
    "BoxAndParameter": (
        "positions: Tensor, box: Tensor, stiffness: Tensor",
        "return stiffness * (positions**2).sum() + box[0, 0] * positions[0, 0]",
    ),
    "WithDefaults": (
        "positions: Tensor, first: float = 2.0, second: float = 3.0",
        "return (first * positions[:, 0] ** 2 + second * positions[:, 1] ** 2).sum()",
    ),
    "Numbers": (NUMBERS, NUMBERS_BODY),
    "NumbersWithForces": (NUMBERS, NUMBERS_WITH_FORCES),
    "Single": ("positions: Tensor", "return self.layer(positions).sum()"),
    "SingleWithCast": (
        "positions: Tensor",
        "return self.layer(torch.pdist(positions).to(self.layer.weight.dtype)).sum()",
    ),
    "Dropout": ("positions: Tensor", "return self.drop(5.0e4 * positions**2).sum()"),
    "ThreeAtoms": ("positions: Tensor", THREE_ATOMS),
    "PerAtom": ("positions: Tensor", "return (positions**2).sum(dim=1)"),
    "WrongForces": ("positions: Tensor", "return (positions**2).sum(), positions[0]"),
    "NotFinite": ("positions: Tensor", "return torch.log(-(positions**2).sum() - 1.0)"),
    "Detached": ("positions: Tensor", "return (positions.detach() ** 2).sum()"),
    "OnCuda": (
        "positions: Tensor",
        'return (positions + torch.zeros(3, device=torch.device("cuda:0"))).sum()',
    ),
    "SecondUnknown": (
        "positions: Tensor, extra: Tensor",
        "return (positions**2).sum() * extra.sum()",
    ),
    "OptionalBox": ("positions: Tensor, box: Optional[Tensor] = None", OPTIONAL_BOX),
    "KeepsTheFirst": ("positions: Tensor", KEEPS_THE_FIRST),
}
PARTS = {
    "Springs": lambda: {"rest": nn.Parameter(torch.tensor(0.11, dtype=torch.float64))},
    "Single": lambda: {"layer": nn.Linear(3, 1)},
    "SingleWithCast": lambda: {"layer": nn.Linear(3, 1)},
    "Dropout": lambda: {"drop": nn.Dropout(0.5)},
    "KeepsTheFirst": lambda: {"first": torch.zeros([], dtype=torch.float64), "called": False},
}


def module_of(name: str) -> torch.jit.ScriptModule:
    """Make one of the modules above; each class is compiled once, so each has its own."""
    arguments, body = SOURCES[name]

    class Scripted(torch.jit.ScriptModule):
        def __init__(self) -> None:
            super().__init__()
            for part, value in PARTS.get(name, dict)().items():
                if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
                    self.register_buffer(part, value)
                else:
                    setattr(self, part, value)
            self.define(f"def forward(self, {arguments}):\n    {body}\n")

    return Scripted()


@pytest.fixture(scope="session")
def scripted():
    return module_of


@pytest.fixture
def load(tmp_path):
    """Write one of the modules above, and load it as a potential."""

    def loaded(name: str, **options):
        path = tmp_path / "own.pt"
        module_of(name).save(str(path))
        return load_torchscript(path, spec="own.pt", options=PotentialOptions(**options))

    return loaded


@pytest.fixture(scope="session")
def water_box():
    return load_system("water").with_cell(np.diag([6.0, 7.0, 8.0]))


@pytest.fixture(scope="session")
def in_openmm(in_openmm):
    """Return the energy (eV) and forces (eV/Å) of a potential at a molecule's positions."""

    def evaluated(potential, molecule, *, particles=None, placed_angstrom=None):
        if particles is None:
            system = potential.create_system(molecule)
            placed_angstrom = molecule.positions_angstrom
        else:
            forces = potential.create_forces(molecule, particles=particles)
            system = particles_with(forces, len(placed_angstrom))
        return in_openmm(system, placed_angstrom)

    return evaluated
