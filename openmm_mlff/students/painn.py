"""The student force field: an equivariant message-passing network (PaiNN) with a physical core.

Schütt, Unke, Gastegger 2021, "Equivariant message passing for the prediction of tensorial
properties and molecular spectra". It differs from the paper in three ways, all for dynamics:

* the cutoff multiplies the *output* of the filter and is C², so the energy is smooth at the cutoff;
* messages vanish at contact, where a ZBL core term takes over: contact is repulsive for every pair
  of elements, independently of training;
* reference energies of the atoms are added in double precision after the sum.

The module compiles with TorchScript. Energies are extensive: a sum over atoms that depend only on
their neighbours within the cutoff of each message.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from openmm_mlff.students.core_repulsion import REACH_IN_COVALENT_SUMS, CoreRepulsion
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.radial import GaussianBasis, smooth_cutoff, smooth_step

_LARGEST_ATOMIC_NUMBER = 118
CONTACT_IN_COVALENT_SUMS = (0.5, 0.75)
"""Messages increase from zero to full strength between these multiples of the covalent sum."""


@dataclass(frozen=True)
class PaiNNConfig:
    """Architecture settings of a student.

    Attributes:
        features: scalar and vector channels per atom.
        interactions: message-passing steps.
        basis: number of Gaussians of the distance expansion.
        cutoff_angstrom: cutoff of messages.
        elements: supported atomic numbers.
    """

    features: int
    interactions: int
    basis: int
    cutoff_angstrom: float = 5.0
    elements: tuple[int, ...] = (1, 6, 7, 8)

    def __post_init__(self) -> None:
        if min(self.features, self.basis) < 2 or self.interactions < 1:
            raise ValueError(
                f"features {self.features}, basis {self.basis} and interactions "
                f"{self.interactions}; expected at least 2, 2 and 1"
            )
        if not self.cutoff_angstrom > 0.0:
            raise ValueError(f"cutoff {self.cutoff_angstrom} Å; expected more than zero")
        unknown = set(self.elements) - set(COVALENT_RADII_ANGSTROM)
        if unknown or not self.elements:
            raise ValueError(
                f"elements {self.elements}; expected some of {tuple(COVALENT_RADII_ANGSTROM)}"
            )


class Interaction(nn.Module):
    """One message-passing step and the update of the atoms.

    Vectors are zero before the first step and are not used after the last, so the first has no
    channel that passes them on and the last none that scales them.
    """

    def __init__(self, features: int, *, first: bool, last: bool) -> None:
        super().__init__()
        self.features = features
        self.first = first
        self.last = last
        self.context = nn.Sequential(
            nn.Linear(features, features),
            nn.SiLU(),
            nn.Linear(features, (2 if first else 3) * features),
        )
        self.mix = nn.Linear(features, 2 * features, bias=False)
        self.update = nn.Sequential(
            nn.Linear(2 * features, features),
            nn.SiLU(),
            nn.Linear(features, (2 if last else 3) * features),
        )

    def forward(
        self,
        scalars: Tensor,
        vectors: Tensor,
        filters: Tensor,
        directions: Tensor,
        senders: Tensor,
        receivers: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the new scalars (N, F) and vectors (N, 3, F).

        ``filters`` are (E, 2F) in the first step, (E, 3F) in the others; directions, (E, 3), point
        from receiver to sender.
        """
        gates = torch.split(self.context(scalars)[senders] * filters, self.features, dim=-1)
        messages = directions.unsqueeze(-1) * gates[1].unsqueeze(1)
        if not self.first:
            messages = messages + vectors[senders] * gates[2].unsqueeze(1)
        scalars = scalars.index_add(0, receivers, gates[0])
        vectors = vectors.index_add(0, receivers, messages)

        left, right = torch.split(self.mix(vectors), self.features, dim=-1)
        length = torch.sqrt((right * right).sum(1) + 1e-3)
        changes = self.update(torch.cat([scalars, length], dim=-1))
        change = torch.split(changes, self.features, dim=-1)
        scalars = scalars + change[0] + change[1] * (left * right).sum(1)
        if not self.last:
            vectors = vectors + left * change[2].unsqueeze(1)
        return scalars, vectors


class PaiNN(nn.Module):
    """Energy of molecules of supported elements; forces are its gradient.

    Attributes:
        element_index: row of each atomic number in the tables below, −1 if unknown, int64 (119,).
        radii: covalent radii of the elements, Å, (n_elements,).
        reference_energies: of the free atoms, eV, float64 (n_elements,); part of the weights.
    """

    element_index: Tensor
    radii: Tensor
    reference_energies: Tensor

    def __init__(self, config: PaiNNConfig) -> None:
        super().__init__()
        self.cutoff = config.cutoff_angstrom
        self.contact_start, self.contact_end = CONTACT_IN_COVALENT_SUMS
        self.core_reach = REACH_IN_COVALENT_SUMS
        n_elements = len(config.elements)
        index = torch.full((_LARGEST_ATOMIC_NUMBER + 1,), -1, dtype=torch.int64)
        index[list(config.elements)] = torch.arange(n_elements)
        radii = torch.tensor([COVALENT_RADII_ANGSTROM[z] for z in config.elements])
        self.register_buffer("element_index", index, persistent=False)
        self.register_buffer("radii", radii, persistent=False)
        self.register_buffer("reference_energies", torch.zeros(n_elements, dtype=torch.float64))
        self.embedding = nn.Embedding(n_elements, config.features)
        self.basis = GaussianBasis(config.basis, cutoff_angstrom=config.cutoff_angstrom)
        last = config.interactions - 1
        self.interactions = nn.ModuleList(
            [
                Interaction(config.features, first=step == 0, last=step == last)
                for step in range(config.interactions)
            ]
        )
        self.filter_sizes = [(2 if step == 0 else 3) * config.features for step in range(last + 1)]
        self.filter = nn.Linear(config.basis, sum(self.filter_sizes))
        half = config.features // 2
        self.readout = nn.Sequential(
            nn.Linear(config.features, half), nn.SiLU(), nn.Linear(half, 1)
        )
        self.core = CoreRepulsion()

    def forward(
        self,
        atomic_numbers: Tensor,
        displacements: Tensor,
        senders: Tensor,
        receivers: Tensor,
        graph: Tensor,
        n_graphs: int,
    ) -> Tensor:
        """Compute energies of a batch of molecules, eV, float64 (n_graphs,).

        Args:
            atomic_numbers: int64 (N,), all molecules one after the other.
            displacements: sender minus receiver, Å, (E, 3), in the dtype of the weights.
            senders: int64 (E,).
            receivers: int64 (E,); every pair is listed in both directions.
            graph: int64 (N,), index of the molecule of each atom.
            n_graphs: number of molecules.
        """
        element = self.element_index[atomic_numbers]
        distance = torch.sqrt((displacements * displacements).sum(-1) + 1e-12)
        directions = displacements / distance.unsqueeze(-1)
        covalent_sum = self.radii[element[senders]] + self.radii[element[receivers]]

        proximity = (distance / covalent_sum - self.contact_start) / (
            self.contact_end - self.contact_start
        )
        window = smooth_step(proximity) * smooth_cutoff(distance, self.cutoff)
        filters = torch.split(
            self.filter(self.basis(distance)) * window.unsqueeze(-1), self.filter_sizes, dim=-1
        )

        scalars = self.embedding(element)
        vectors = torch.zeros(
            [scalars.shape[0], 3, scalars.shape[1]], dtype=scalars.dtype, device=scalars.device
        )
        for number, interaction in enumerate(self.interactions):
            scalars, vectors = interaction(
                scalars, vectors, filters[number], directions, senders, receivers
            )

        charges = atomic_numbers.to(distance.dtype)
        core = self.core(
            distance, charges[senders], charges[receivers], self.core_reach * covalent_sum
        )
        atomic = self.readout(scalars).squeeze(-1).to(torch.float64)
        atomic = atomic + self.reference_energies[element].to(torch.float64)
        atomic = atomic.index_add(0, receivers, 0.5 * core.to(torch.float64))
        energies = torch.zeros([n_graphs], dtype=torch.float64, device=atomic.device)
        return energies.index_add(0, graph, atomic)
