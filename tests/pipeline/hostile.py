"""Potentials that misbehave when they are asked about something, written to files."""

import textwrap
from pathlib import Path

import torch
from torch import Tensor

CALCULATOR = '''
import ctypes, os, signal, sys, time
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

STAGES = {"running": "run_trajectory", "minimising": "minimise"}
LENGTHS = np.array([[0.0, 0.96, 0.96], [0.96, 0.0, 1.515], [0.96, 1.515, 0.0]])


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def abort():
    print("cannot go on", flush=True)
    os.abort()


def loop():
    while True:
        pass


def leave():
    os._exit(0)


def ask_to_leave():
    sys.exit(0)


class Hostile(Calculator):
    """Springs in each water molecule, and a deed."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, deed="segfault", when="pair", element=0, **options):
        super().__init__(**options)
        self.deed, self.when, self.element = globals()[deed], when, int(element)

    def is_time(self, positions):
        if "MENDED" in os.environ:
            return False
        if self.element and self.element not in self.atoms.numbers:
            return False
        if self.when == "pair":
            return len(positions) > 3
        if self.when not in STAGES:
            return False
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_name != STAGES[self.when]:
            frame = frame.f_back
        return frame is not None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        positions = self.atoms.positions
        if self.is_time(positions):
            self.deed()
        energy, forces = 0.0, np.zeros_like(positions)
        for start in range(0, len(positions), 3):
            for i in range(start, start + 3):
                for j in range(i + 1, start + 3):
                    apart = positions[i] - positions[j]
                    length = np.linalg.norm(apart)
                    stretch = length - LENGTHS[i - start, j - start]
                    energy += 10.0 * stretch**2
                    forces[i] -= 20.0 * stretch * apart / length
                    forces[j] += 20.0 * stretch * apart / length
        self.results = {"energy": energy, "forces": forces}
'''


def write_calculator(folder: Path) -> None:
    """Write the module `hostile_calculator`."""
    (folder / "hostile_calculator.py").write_text(textwrap.dedent(CALCULATOR), encoding="utf-8")


class Springs(torch.nn.Module):
    """Springs between the atoms; the deed is done for more atoms than a water molecule has."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def energy(self, positions: Tensor) -> Tensor:
        first = positions[:3]
        lengths = torch.stack(
            [
                (first[0] - first[1]).norm(),
                (first[0] - first[2]).norm(),
                (first[1] - first[2]).norm(),
            ]
        )
        wanted = torch.tensor([0.96, 0.96, 1.515], dtype=positions.dtype)
        return 10.0 * ((lengths - wanted) ** 2).sum() + 0.0 * positions.sum()


class Looping(Springs):
    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        counted = torch.zeros(1)
        while positions.shape[0] > self.most:
            counted += 1.0
        return self.energy(positions)


class Growing(Springs):
    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        kept = [positions]
        while positions.shape[0] > self.most:
            kept.append(torch.rand(8388608))
        # Were they not used, nothing would be kept.
        return self.energy(positions) + 0.0 * torch.stack(kept).sum()


class Crashing(Springs):
    """Writes outside of its memory: the indices of a sparse tensor are not checked."""

    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        if positions.shape[0] > self.most:
            where = torch.full([1, 1], 1099511627776, dtype=torch.int64)
            wild = torch.ops.aten._sparse_coo_tensor_unsafe(where, torch.ones(1), [3])
            return wild.to_dense().sum() + self.energy(positions)
        return self.energy(positions)


def write_torchscript(module: torch.nn.Module, path: Path) -> str:
    """Write a module as a TorchScript file."""
    torch.jit.script(module).save(str(path))
    return str(path)
