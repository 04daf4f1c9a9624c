"""A small PaiNN with random weights and stable molecules, as a student."""

import torch
from torch import Tensor, nn

from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.selftest.oracles.pair import (
    CUTOFF_ANGSTROM,
    OTHER_DECAY_PER_ANGSTROM,
    OTHER_DEPTH_EV,
    SWITCH_START_ANGSTROM,
)
from openmm_mlff.students.checkpoint import n_parameters
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.loading import LoadedStudent
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.radial import smooth_step

CONFIG = PaiNNConfig(features=6, interactions=1, basis=5, cutoff_angstrom=CUTOFF_ANGSTROM)
LAST_WEIGHTS = "readout.2.weight"
READOUT_SCALE = 5.0
"""Scales the random weights of the last layer to forces of about 0.1 eV/Å.  With four times as
much, one network in twenty attracts hydrogens at contact."""

WELLS = {
    (1, 1): (0.6, 1.6, 1.6),
    (1, 6): (14.0, 1.45, 0.80),
    (1, 8): (16.0, 1.6, 0.70),
}
"""Depth, decay and length by elements.  Deep and short, to exceed PaiNN's core repulsion at the
bond length; the sum of both has its minimum there."""


class BoundPaiNN(nn.Module):
    """PaiNN plus a switched Morse well for each pair of elements, since random weights do not bind.

    Input and output are those of :meth:`openmm_mlff.students.painn.PaiNN.forward`; `elements` are
    the atomic numbers in the order of its tables.
    """

    wells: Tensor

    def __init__(self, painn: PaiNN, elements: tuple[int, ...]) -> None:
        super().__init__()
        self.painn = painn
        self.switch_start = SWITCH_START_ANGSTROM
        self.switch_width = CUTOFF_ANGSTROM - SWITCH_START_ANGSTROM
        table = [[_well(*sorted((first, second))) for second in elements] for first in elements]
        self.register_buffer("wells", torch.tensor(table))

    def forward(
        self,
        atomic_numbers: Tensor,
        displacements: Tensor,
        senders: Tensor,
        receivers: Tensor,
        graph: Tensor,
        n_graphs: int,
    ) -> Tensor:
        """Return energies in eV, float64 (n_graphs,)."""
        energies = self.painn(atomic_numbers, displacements, senders, receivers, graph, n_graphs)
        element = self.painn.element_index[atomic_numbers]
        well = self.wells[element[senders], element[receivers]]
        depth, decay, length = well[:, 0], well[:, 1], well[:, 2]
        distance = torch.sqrt((displacements * displacements).sum(-1) + 1e-12)
        fall = torch.exp(decay * (length - distance))
        switch = 1.0 - smooth_step((distance - self.switch_start) / self.switch_width)
        pairs = 0.5 * switch * depth * fall * (fall - 2.0)
        return energies.index_add(0, graph[receivers], pairs.to(torch.float64))


def network_oracle(*, seed: int) -> StudentPotential:
    """Return a random network for H, C, N and O, which is exported like a student."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        painn = PaiNN(CONFIG)
    with torch.no_grad():
        dict(painn.named_parameters())[LAST_WEIGHTS].mul_(READOUT_SCALE)
    model, name = BoundPaiNN(painn, CONFIG.elements), f"painn-{seed}"
    loaded = LoadedStudent(
        model=model.eval().requires_grad_(requires_grad=False),
        name=name,
        architecture="painn",
        elements=frozenset(CONFIG.elements),
        cutoff_angstrom=CONFIG.cutoff_angstrom,
        sha256="",
        n_parameters=n_parameters(model),
    )
    return StudentPotential(loaded, spec=f"selftest:{name}?seed={seed}")


def _well(first: int, second: int) -> tuple[float, float, float]:
    length = COVALENT_RADII_ANGSTROM[first] + COVALENT_RADII_ANGSTROM[second]
    return WELLS.get((first, second), (OTHER_DEPTH_EV, OTHER_DECAY_PER_ANGSTROM, length))
