"""Potentials that misbehave when they are evaluated, written to files."""

from pathlib import Path

import torch
from torch import Tensor

PROTOCOL = """
extends = "quick"
name = "hostile"
reported = []
required = ["determinism", "stability", {more}]
[dynamics]
equilibration_ps = 0.0
duration_ps = {duration_ps}
longest_ps = {duration_ps}
[probes]
repeats = 2
rotations = 2
thermal_frames = 2
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""
CALCULATOR = '''
import os, signal, sys
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

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
    """Springs in each water molecule; a deed for a module or a function that evaluates them."""

    implemented_properties = ["energy", "forces"]

    def __init__(
        self,
        element=0,
        minimise="",
        run_trajectory="",
        translation_invariance="",
        rotation_invariance="",
        size_extensivity="",
    ):
        super().__init__()
        self.element = int(element)
        self.deeds = {
            "minimise": minimise,
            "run_trajectory": run_trajectory,
            "translation_invariance": translation_invariance,
            "rotation_invariance": rotation_invariance,
            "size_extensivity": size_extensivity,
        }

    def deed(self):
        if "MENDED" in os.environ or self.element and self.element not in self.atoms.numbers:
            return ""
        frame = sys._getframe()
        while frame is not None:
            module = frame.f_globals["__name__"].rpartition(".")[2]
            found = self.deeds.get(module) or self.deeds.get(frame.f_code.co_name)
            if found:
                return found
            frame = frame.f_back
        return ""

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        positions = self.atoms.positions
        if deed := self.deed():
            globals()[deed]()
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


def write_protocol(folder: Path, *more: str, duration_ps: float = 0.02) -> str:
    """Write a protocol with some checks besides determinism and stability, and return its path."""
    path = folder / "hostile.toml"
    text = PROTOCOL.format(more=", ".join(map(repr, more)), duration_ps=duration_ps)
    path.write_text(text.replace("'", '"'), encoding="utf-8")
    return str(path)


class Springs(torch.nn.Module):
    """Springs between the first three atoms; a deed for some numbers of atoms.

    Args:
        crashes: numbers of atoms with which it writes outside of its memory.
        grows: with which it takes memory without an end.
        loops: with which it never returns.
    """

    def __init__(self, crashes: int = -1, grows: int = -1, loops: int = -1) -> None:
        super().__init__()
        self.crashes, self.grows, self.loops = crashes, grows, loops

    def forward(self, atomic_numbers: Tensor, positions: Tensor) -> Tensor:
        total, held = torch.zeros(1), [positions]
        while positions.shape[0] == self.loops:
            total += 1.0
        while positions.shape[0] == self.grows:
            # A constant would be computed once.
            held.append(torch.full([8388608], float(len(held))))
        if positions.shape[0] == self.crashes:
            # The indices of a sparse tensor are not checked.
            where = torch.full([1, 1], 1099511627776, dtype=torch.int64)
            wild = torch.ops.aten._sparse_coo_tensor_unsafe(where, torch.ones(1), [3])
            total += wild.to_dense().sum()
        # Were they not used, they would not be kept.
        for one in held:
            total += one.sum().to(total.dtype)
        first, second, third = positions[0], positions[1], positions[2]
        lengths = torch.stack(
            [(first - second).norm(), (first - third).norm(), (second - third).norm()]
        )
        wanted = torch.tensor([0.96, 0.96, 1.515], dtype=positions.dtype)
        return 10.0 * ((lengths - wanted) ** 2).sum() + 0.0 * total.sum()


def write_torchscript(folder: Path, **deeds: int) -> str:
    """Write `Springs` as a TorchScript file, and return its path."""
    path = folder / "hostile.pt"
    torch.jit.script(Springs(**deeds)).save(str(path))
    return str(path)
