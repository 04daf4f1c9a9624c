"""A small TorchScript potential of water, whose validation takes seconds."""

from pathlib import Path

import torch
from torch import Tensor


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
    path = folder / "springs.pt"
    torch.jit.script(Springs(**deeds)).save(str(path))
    return str(path)
