"""Small TorchScript files of every contract, and OpenMM on the Reference platform."""

from types import SimpleNamespace
from typing import Optional

import numpy as np
import openmm
import pytest
import torch
from torch import Tensor, nn

from openmm_mlff.molecules import load_system
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript import load_torchscript


class Springs(nn.Module):
    """Springs between all atoms: nm, kJ/mol; what all the others are made of."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.rest = nn.Parameter(torch.tensor(0.11, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        apart = torch.pdist(positions * self.scale)
        return (5.0e4 * (apart - self.rest) ** 2).sum() / self.scale


class SpringsInABox(nn.Module):
    def forward(self, positions: Tensor, boxvectors: Tensor) -> Tensor:
        vectors = positions[1:] - positions[0]
        fractions = vectors @ torch.linalg.inv(boxvectors)
        vectors = (fractions - torch.round(fractions)) @ boxvectors
        return (5.0e4 * (torch.linalg.vector_norm(vectors, dim=1) - 0.1) ** 2).sum()


class WithForces(nn.Module):
    """Given forces are three times the gradient, so that it shows which are used."""

    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        middle = positions - positions.mean(dim=0)
        return 5.0e4 * (middle**2).sum(), -6.0 * 5.0e4 * middle


class WithParameters(nn.Module):
    def forward(self, positions: Tensor, stiffness: Tensor, rest: float) -> Tensor:
        return (stiffness * (torch.pdist(positions) - rest) ** 2).sum()


class WithTensors(nn.Module):
    def forward(self, positions: Tensor, first: Tensor, second: Tensor) -> Tensor:
        return first * (torch.pdist(positions) ** 2).sum() + second


class BoxAndParameter(nn.Module):
    def forward(self, positions: Tensor, box: Tensor, stiffness: Tensor) -> Tensor:
        return stiffness * (positions**2).sum() + box[0, 0] * positions[0, 0]


class WithDefaults(nn.Module):
    def forward(self, positions: Tensor, first: float = 2.0, second: float = 3.0) -> Tensor:
        return (first * positions[:, 0] ** 2 + second * positions[:, 1] ** 2).sum()


class Numbers(nn.Module):
    """Å and eV; the energy has the shape (1, 1)."""

    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        weights = atomic_numbers.to(positions.dtype)
        products = weights[:, None] * weights
        apart = (positions[:, None] - positions).pow(2).sum(dim=-1)
        return (products * apart).sum().reshape(1, 1) * 0.01


class NumbersWithForces(nn.Module):
    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        weights = atomic_numbers.to(positions.dtype)[:, None]
        return (weights * positions**2).sum(), -2.0 * weights * positions


class Single(nn.Module):
    """Weights in float32; positions are cast where it is asked for."""

    def __init__(self, cast: bool) -> None:
        super().__init__()
        self.cast = cast
        self.layer = nn.Linear(3, 1)

    def forward(self, positions: Tensor) -> Tensor:
        if self.cast:
            return self.layer(torch.pdist(positions).to(self.layer.weight.dtype)).sum()
        return self.layer(positions).sum()


class Dropout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, positions: Tensor) -> Tensor:
        return self.drop(5.0e4 * positions**2).sum()


class ThreeAtoms(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        rest = torch.tensor([0.1, 0.1, 0.15], dtype=positions.dtype)
        return ((torch.pdist(positions) - rest) ** 2).sum()


class PerAtom(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions**2).sum(dim=1)


class WrongForces(nn.Module):
    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        return (positions**2).sum(), positions[0]


class NotFinite(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return torch.log(-(positions**2).sum() - 1.0)


class Detached(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions.detach() ** 2).sum()


class OnCuda(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions + torch.zeros(3, device=torch.device("cuda:0"))).sum()


class ADict(nn.Module):
    def forward(self, positions: Tensor) -> dict[str, Tensor]:
        return {"energy": positions.sum()}


class TwoTensors(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return (x**2).sum() + y.sum()


class SecondUnknown(nn.Module):
    def forward(self, positions: Tensor, extra: Tensor) -> Tensor:
        return (positions**2).sum() * extra.sum()


class OptionalBox(nn.Module):
    def forward(self, positions: Tensor, box: Optional[Tensor] = None) -> Tensor:  # noqa: UP045
        energy = (positions**2).sum()
        return energy if box is None else energy + box[0, 0] * positions[0, 0]


class NumbersLast(nn.Module):
    def forward(self, positions: Tensor, atomic_numbers: Tensor) -> Tensor:
        return (positions**2).sum() + atomic_numbers.sum()


@pytest.fixture(scope="session")
def models() -> SimpleNamespace:
    """The classes above, by name."""
    return SimpleNamespace(
        **{
            name: found
            for name, found in globals().items()
            if isinstance(found, type) and issubclass(found, nn.Module)
        }
    )


@pytest.fixture
def load(tmp_path):
    """Script a module, write it, and load it as a potential."""

    def loaded(module: nn.Module, **options):
        path = tmp_path / "own.pt"
        torch.jit.script(module).save(str(path))
        return load_torchscript(path, spec="own.pt", options=PotentialOptions(**options))

    return loaded


@pytest.fixture(scope="session")
def water_box():
    water = load_system("water")
    return water.with_cell(np.diag([6.0, 7.0, 8.0]))


@pytest.fixture(scope="session")
def in_openmm(in_openmm):
    """Energy (eV) and forces (eV/Å) of a potential at the molecule's place, by OpenMM."""

    def evaluated(potential, molecule, *, particles=None, placed_angstrom=None):
        if particles is None:
            system = potential.create_system(molecule)
            placed_angstrom = molecule.positions_angstrom
        else:
            system = openmm.System()
            for _ in placed_angstrom:
                system.addParticle(1.0)
            for force in potential.create_forces(molecule, particles=particles):
                system.addForce(force)
        return in_openmm(system, placed_angstrom)

    return evaluated
