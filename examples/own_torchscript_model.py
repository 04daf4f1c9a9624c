"""A TorchScript model of your own, written, validated and judged.

    python examples/own_torchscript_model.py [OUTPUT_FOLDER]

OpenMM's contract is `forward(positions)`: nm in, kJ/mol out.  With a box it is
`forward(positions, boxvectors)`, with forces it returns `(energy, forces)`.  A file with
`forward(atomic_numbers, positions)` is taken to be in Å and eV.
"""

import sys
from pathlib import Path

import torch

import openmm_mlff as mlff


class HarmonicWater(torch.nn.Module):
    """Water as three springs: both O-H bonds, and H-H in place of the angle."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("first", torch.tensor([0, 0, 1]))
        self.register_buffer("second", torch.tensor([1, 2, 2]))
        lengths_nm, stiffness = [0.0960, 0.0960, 0.1520], [4.7e5, 4.7e5, 1.0e5]
        self.register_buffer("lengths_nm", torch.tensor(lengths_nm, dtype=torch.float64))
        self.stiffness = torch.nn.Parameter(torch.tensor(stiffness, dtype=torch.float64))

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        """Compute the energy: (3, 3) in nm, to kJ/mol."""
        distances = torch.linalg.vector_norm(positions[self.first] - positions[self.second], dim=1)
        # OpenMM gives float64 on the CPU and float32 on a GPU.  A network with weights in float32
        # needs the same cast of its inputs, or it does not run on the CPU.
        stretch = distances.to(self.stiffness.dtype) - self.lengths_nm
        return 0.5 * (self.stiffness * stretch * stretch).sum()


def main(output: Path) -> None:
    """Write the model, validate it and print the verdict."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "harmonic_water.pt"
    torch.jit.script(HarmonicWater().eval()).save(str(path))
    report = mlff.validate(
        str(path), systems=["water"], protocol="quick", reference="none", output=output / "report"
    )
    print(f"{path.name}: {report.verdict.label}")
    for reason in report.verdict.reasons:
        print(f"  {reason}")
    print(f"the report: {output / 'report' / 'report.md'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/own_torchscript_model"))
