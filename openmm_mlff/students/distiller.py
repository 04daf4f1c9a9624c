"""The published MLFF-Distiller students, reconstructed from the layout of their checkpoints.

The network is reproduced as published, including its faults: a learned 3×3 matrix mixes x, y and z
(so the energy is not rotationally invariant), and the cutoff multiplies the *input* of the filter
(so its biases remain and messages are discontinuous at the cutoff). Validation has to detect them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students.checkpoint import one_line

DEFAULT_CUTOFF_ANGSTROM = 5.0
_PI = 3.141592653589793


@dataclass(frozen=True)
class DistillerConfig:
    """Sizes of a published student; see also :class:`openmm_mlff.students.painn.PaiNNConfig`.

    Attributes:
        n_species: rows of the embedding, from atomic number 0.
        head: widths of the two hidden layers of the energy head.
    """

    features: int
    interactions: int
    basis: int
    n_species: int
    head: tuple[int, int]
    cutoff_angstrom: float = DEFAULT_CUTOFF_ANGSTROM


class _Basis(nn.Module):
    """Gaussians with a cosine cutoff."""

    centers: Tensor
    widths: Tensor

    def __init__(self, size: int, *, cutoff_angstrom: float) -> None:
        super().__init__()
        self.cutoff = cutoff_angstrom
        self.pi = _PI
        self.register_buffer("centers", torch.zeros(size))
        self.register_buffer("widths", torch.ones(size))

    def forward(self, distance: Tensor) -> Tensor:
        """Expand distances (E,) in Å into (E, size)."""
        scaled = (distance.unsqueeze(-1) - self.centers) / self.widths
        window = 0.5 * (torch.cos(distance * (self.pi / self.cutoff)) + 1.0)
        return torch.exp(-scaled * scaled) * window.unsqueeze(-1)


class _Message(nn.Module):
    """Filter network; its biases are not damped at the cutoff."""

    def __init__(self, features: int, basis: int) -> None:
        super().__init__()
        self.features = features
        self.rbf_to_scalar = nn.Sequential(
            nn.Linear(basis, features), nn.SiLU(), nn.Linear(features, 3 * features)
        )

    def forward(
        self,
        scalars: Tensor,
        vectors: Tensor,
        expansion: Tensor,
        mask: Tensor,
        directions: Tensor,
        senders: Tensor,
        receivers: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Add the messages to scalars (N, F) and vectors (N, 3, F).

        ``expansion`` of the distances is (E, basis), ``mask``, (E, 1), is 0 beyond the cutoff, else
        1, and directions, (E, 3), point from receiver to sender.
        """
        filters = self.rbf_to_scalar(expansion) * mask
        gate, along_vectors, along_directions = torch.split(filters, self.features, dim=-1)
        spoken = vectors[senders] * along_vectors.unsqueeze(1)
        spoken = spoken + directions.unsqueeze(-1) * along_directions.unsqueeze(1)
        new_scalars = scalars.index_add(0, receivers, scalars[senders] * gate)
        return new_scalars, vectors.index_add(0, receivers, spoken)


class _Update(nn.Module):
    """Gated update with the matrix over x, y, z that breaks rotational invariance."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.mixing_matrix = nn.Parameter(torch.eye(3))
        self.update_mlp = nn.Sequential(
            nn.Linear(2 * features, features), nn.SiLU(), nn.Linear(features, 3 * features)
        )

    def forward(self, scalars: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Update scalars (N, F) and vectors (N, 3, F)."""
        length = torch.linalg.vector_norm(vectors, 2.0, [1])
        change = self.update_mlp(torch.cat([scalars, length], dim=-1))
        add, keep, mix = torch.split(change, self.features, dim=-1)
        mixed = torch.matmul(self.mixing_matrix, vectors)
        return scalars + add, vectors * keep.unsqueeze(1) + mixed * mix.unsqueeze(1)


class _Interaction(nn.Module):
    """One step, a message and an update, named as in the checkpoints."""

    def __init__(self, features: int, basis: int) -> None:
        super().__init__()
        self.message = _Message(features, basis)
        self.update = _Update(features)


class DistillerStudent(nn.Module):
    """Energy of a molecule by a published MLFF-Distiller student."""

    def __init__(self, config: DistillerConfig) -> None:
        super().__init__()
        self.cutoff = config.cutoff_angstrom
        self.embedding = nn.Embedding(config.n_species, config.features)
        self.rbf = _Basis(config.basis, cutoff_angstrom=config.cutoff_angstrom)
        self.interactions = nn.ModuleList(
            [_Interaction(config.features, config.basis) for _ in range(config.interactions)]
        )
        wide, narrow = config.head
        self.energy_head = nn.Sequential(
            nn.Linear(config.features, wide),
            nn.SiLU(),
            nn.Linear(wide, narrow),
            nn.SiLU(),
            nn.Linear(narrow, 1),
        )

    def forward(
        self,
        atomic_numbers: Tensor,
        displacements: Tensor,
        senders: Tensor,
        receivers: Tensor,
        graph: Tensor,
        n_graphs: int,
    ) -> Tensor:
        """Compute energies of a batch; see :meth:`openmm_mlff.students.painn.PaiNN.forward`."""
        distance = torch.sqrt((displacements * displacements).sum(-1))
        directions = displacements / (distance + 1e-8).unsqueeze(-1)
        expansion = self.rbf(distance)
        mask = (distance <= self.cutoff).to(distance.dtype).unsqueeze(-1)
        scalars = self.embedding(atomic_numbers)
        vectors = torch.zeros(
            [scalars.shape[0], 3, scalars.shape[1]], dtype=scalars.dtype, device=scalars.device
        )
        for interaction in self.interactions:
            scalars, vectors = interaction.message(  # type: ignore[operator]
                scalars, vectors, expansion, mask, directions, senders, receivers
            )
            scalars, vectors = interaction.update(scalars, vectors)  # type: ignore[operator]
        atomic = self.energy_head(scalars).squeeze(-1).to(torch.float64)
        energies = torch.zeros([n_graphs], dtype=torch.float64, device=atomic.device)
        return energies.index_add(0, graph, atomic)


def is_distiller_state(state: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict has MLFF-Distiller's layout."""
    return {"embedding.weight", "rbf.centers", "energy_head.0.weight"} <= set(state)


def config_of(state: Mapping[str, Tensor], *, cutoff_angstrom: float | None) -> DistillerConfig:
    """Determine the sizes from the tensors, which must be there; the cutoff defaults to 5 Å."""
    steps = {int(found[1]) for key in state if (found := re.match(r"interactions\.(\d+)\.", key))}
    if not steps:
        raise CheckpointError(
            "the state dict has no interactions; expected MLFF-Distiller's layout; copy it again"
        )
    try:
        n_species, features = state["embedding.weight"].shape
        return DistillerConfig(
            features=features,
            interactions=len(steps),
            basis=len(state["rbf.centers"]),
            n_species=n_species,
            cutoff_angstrom=cutoff_angstrom or DEFAULT_CUTOFF_ANGSTROM,
            head=(len(state["energy_head.0.bias"]), len(state["energy_head.2.bias"])),
        )
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"a tensor of the state dict is missing or has a wrong shape ({one_line(error)}); "
            "expected MLFF-Distiller's layout; copy it again"
        ) from error


def build_distiller(
    state: Mapping[str, Tensor], *, cutoff_angstrom: float | None = None
) -> DistillerStudent:
    """Build a published student from its state dict, float32, in evaluation mode.

    Raises:
        CheckpointError: tensors are missing, unexpected or of another shape.
    """
    model = DistillerStudent(config_of(state, cutoff_angstrom=cutoff_angstrom))
    last = f"interactions.{len(model.interactions) - 1}.update.mixing_matrix"
    # The published export omitted the last one, whose vectors are not used afterwards.
    complete = {last: torch.eye(3)} | dict(state)
    try:
        model.load_state_dict(complete)
    except RuntimeError as error:
        raise CheckpointError(
            f"the tensors do not match the architecture ({one_line(error)}); expected "
            "MLFF-Distiller's layout; copy the checkpoint again"
        ) from error
    return model.requires_grad_(requires_grad=False).eval()
