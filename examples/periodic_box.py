"""Validate a TorchScript model of a liquid: argon in a periodic box.

The model below follows OpenMM's contract for a periodic box, ``forward(positions, boxvectors)`` in
nm and kJ/mol.  It is saved to a file, as any model is that one is given, and validated on the
library's box of 108 argon atoms::

    python examples/periodic_box.py [FOLDER]
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

import openmm_mlff as mlff


class LennardJonesArgon(nn.Module):
    """Rahman's argon, with OpenMM's switching function before the cutoff.

    V(r) = 4 ε ((σ/r)¹² − (σ/r)⁶) S(x),  S = 1 − 6x⁵ + 15x⁴ − 10x³,
    x = (r − r_switch) / (r_cutoff − r_switch)
    (A. Rahman, Phys. Rev. 136 (1964) A405; OpenMM's manual, "NonbondedForce").
    """

    def __init__(self, n_atoms: int) -> None:
        super().__init__()
        self.sigma = 0.3405  # nm
        self.epsilon = 0.9961  # kJ/mol
        self.switch = 0.65  # nm
        self.cutoff = 0.8  # nm, less than half the box
        first, second = torch.triu_indices(n_atoms, n_atoms, offset=1)
        self.register_buffer("first", first)
        self.register_buffer("second", second)

    def forward(self, positions: Tensor, boxvectors: Tensor) -> Tensor:
        """Give the energy (kJ/mol) of positions (N, 3) and box vectors (3, 3) in nm."""
        apart = positions[self.first] - positions[self.second]
        # The nearest image in a box as OpenMM has it: a along x, b in the xy plane.
        box = boxvectors.to(apart.dtype)
        apart = apart - torch.round(apart[:, 2:3] / box[2, 2]) * box[2]
        apart = apart - torch.round(apart[:, 1:2] / box[1, 1]) * box[1]
        apart = apart - torch.round(apart[:, 0:1] / box[0, 0]) * box[0]
        distance = torch.sqrt((apart * apart).sum(dim=1))
        distance = distance[distance < self.cutoff]
        sixth = (self.sigma / distance) ** 6
        x = ((distance - self.switch) / (self.cutoff - self.switch)).clamp(min=0.0)
        switched = 1.0 + x**3 * (-10.0 + x * (15.0 - 6.0 * x))
        return (4.0 * self.epsilon * (sixth * sixth - sixth) * switched).sum()


def main(folder: Path, protocol: str = "quick") -> mlff.ValidationReport:
    """Save the model and judge it."""
    folder.mkdir(parents=True, exist_ok=True)
    argon = mlff.load_system("argon_108")
    path = folder / "argon.pt"
    torch.jit.script(LennardJonesArgon(argon.n_atoms)).save(path)
    report = mlff.validate(
        str(path),
        systems=["argon_108"],
        protocol=protocol,
        reference="none",
        output=folder / "run",
    )
    print(report.verdict.label)
    for reason in report.verdict.reasons:
        print(" ", reason)
    return report


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "argon"))
