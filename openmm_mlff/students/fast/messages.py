"""The pair-wise half of a step, forward and backward.

See ``update`` for the sequence of the modules and for the shapes.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from openmm_mlff.students.fast.pairs import Buffered, PairTerms
from openmm_mlff.students.fast.update import Readout, Update, keep_linear, silu_gradient
from openmm_mlff.students.painn import Interaction, PaiNN


class FirstMessages(Buffered):
    """The first messages, which depend only on the element of the sender.

    The bases of neighbours of the same element are therefore summed before the filter, which then
    costs one row per atom instead of one row per pair.

    Args:
        interaction: the step.
        filters: weights of its filters and, as the last column, their biases, (2F, R).
        embeddings: initial scalars of the atoms, (N, F).
        element: int64 (N,), 0 … E − 1.
        following: the next module.
    """

    def __init__(
        self,
        interaction: Interaction,
        filters: Tensor,
        embeddings: Tensor,
        element: Tensor,
        following: nn.Module,
    ) -> None:
        super().__init__()
        self.following = following
        one_hot = functional.one_hot(element).t().contiguous()
        said = interaction.context(embeddings[one_hot.argmax(1)])
        for name, channel in (("scalar", 0), ("vector", 1)):
            spoken = said.chunk(2, dim=1)[channel].t()[:, :, None]
            weight = spoken * filters.chunk(2, dim=0)[channel][:, None, :]
            self.register_buffer(name + "_forth", weight.flatten(1).t().contiguous())
            self.register_buffer(name + "_back", weight.flatten(1).contiguous())
        self.register_buffer("is_element", one_hot.to(filters.dtype))
        self.register_buffer("embeddings", embeddings.clone())

    def forward(self, parts: list[PairTerms]) -> Tensor:
        """Run the network forward and backward, and return energies without reference, eV, (M, 1).

        The gradients are added to those of the pairs, which are one table.
        """
        pairs = parts[0]
        basis = pairs.basis
        rows, n_atoms, radial = basis.shape[0], basis.shape[1], basis.shape[2]
        kinds, size = self.is_element.shape[0], self.embeddings.shape[1]
        is_element = self.is_element.expand(rows, kinds, n_atoms)
        near = torch.bmm(is_element, basis).view(rows, kinds * radial)
        pointing = pairs.directions.unsqueeze(2) * self.is_element
        pointing = pointing.view(rows, 3 * kinds, n_atoms)
        toward = torch.bmm(pointing, basis).view(rows * 3, kinds * radial)
        scalars = torch.mm(near, self.scalar_forth).view(-1, n_atoms, size)
        scalars = scalars.add_(self.embeddings).view(rows, size)
        vectors = torch.mm(toward, self.vector_forth).view(rows, 3, size)

        atomic, scalar_gradient, vector_gradient = self.following(scalars, vectors, parts)

        near_gradient = torch.mm(scalar_gradient, self.scalar_back).view(rows, kinds, radial)
        toward_gradient = torch.mm(vector_gradient.view(rows * 3, size), self.vector_back)
        toward_gradient = toward_gradient.view(rows, 3 * kinds, radial)
        pairs.basis_gradient.baddbmm_(is_element.transpose(1, 2), near_gradient)
        pairs.basis_gradient.baddbmm_(pointing.transpose(1, 2), toward_gradient)
        turned = torch.bmm(toward_gradient, basis.transpose(1, 2))
        turned = turned.view(rows, 3, kinds, n_atoms).mul_(self.is_element)
        pairs.direction_gradient.add_(turned.sum(2))
        return atomic


class Messages(Buffered):
    """Any later messages.

    Args:
        interaction: the step.
        filters: weights of its filters and, as the last column, their biases, (3F, R).
        following: the next module.
    """

    def __init__(self, interaction: Interaction, filters: Tensor, following: nn.Module) -> None:
        super().__init__()
        self.features = interaction.features
        self.following = following
        self.register_buffer("filters_forth", filters.t().contiguous())
        self.register_buffer("filters_back", filters.clone())
        keep_linear(self, "hidden", interaction.context[0])
        keep_linear(self, "said", interaction.context[2])

    def forward(
        self, scalars: Tensor, vectors: Tensor, parts: list[PairTerms]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`openmm_mlff.students.fast.update.Update.forward`."""
        pairs = parts[0]
        size, rows, n_atoms = self.features, pairs.basis.shape[0], pairs.basis.shape[1]
        basis = pairs.basis.view(rows * n_atoms, -1)
        x = torch.addmm(self.hidden_bias, scalars, self.hidden_forth)
        said = torch.addmm(self.said_bias, functional.silu(x), self.said_forth)
        by_sender = said.view(-1, 1, n_atoms, 3, size)
        vector_scale = said.view(rows, 3, size).narrow(1, 2, 1)
        filters = torch.mm(basis, self.filters_forth).view(-1, n_atoms, n_atoms, 3, size)
        plain, gates, passing = filters.unbind(3)
        gated = filters.narrow(3, 0, 2) * by_sender.narrow(3, 0, 2)
        turning = gated.select(3, 1).view(rows, n_atoms, size)
        carried = (vectors * vector_scale).view(-1, 1, n_atoms, 3, size)
        passed = (passing.unsqueeze(3) * carried).sum(2).view(rows, 3, size)
        new_scalars = gated.select(3, 0).sum(2).view(rows, size).add_(scalars)
        new_vectors = passed.add_(vectors).baddbmm_(pairs.directions, turning)

        atomic, scalar_gradient, vector_gradient = self.following(new_scalars, new_vectors, parts)

        along = torch.bmm(pairs.directions.transpose(1, 2), vector_gradient)
        along = along.view(-1, n_atoms, n_atoms, size)
        pairs.direction_gradient.baddbmm_(vector_gradient, turning.transpose(1, 2))
        heard = scalar_gradient.view(-1, n_atoms, 1, size)
        pulled = vector_gradient.view(-1, n_atoms, 1, 3, size)
        carried_gradient = (passing.unsqueeze(3) * pulled).sum(1).view(rows, 3, size)
        said_gradient = torch.cat(
            [
                (plain * heard).sum(1).view(rows, size),
                (gates * along).sum(1).view(rows, size),
                (carried_gradient * vectors).sum(1),
            ],
            dim=1,
        )
        filter_gradient = torch.empty_like(filters)
        torch.mul(by_sender.select(3, 0), heard, out=filter_gradient.select(3, 0))
        torch.mul(by_sender.select(3, 1), along, out=filter_gradient.select(3, 1))
        torch.sum(carried * pulled, 3, out=filter_gradient.select(3, 2))
        pairs.basis_gradient.view_as(basis).addmm_(
            filter_gradient.view(rows * n_atoms, 3 * size), self.filters_back
        )
        x_gradient = silu_gradient(torch.mm(said_gradient, self.said_back), x)
        scalar_gradient = torch.addmm(scalar_gradient, x_gradient, self.hidden_back)
        return atomic, scalar_gradient, vector_gradient.addcmul(carried_gradient, vector_scale)


def network_of(
    model: PaiNN,
    element: Tensor,
    first: type[FirstMessages] = FirstMessages,
    later: type[Messages] = Messages,
) -> FirstMessages:
    """Return the first step of a model, which calls the following steps.

    ``element``: rows of the model's tables, int64 (N,); ``first`` and ``later``: classes of
    messages.
    """
    with_bias = torch.cat([model.filter.weight, model.filter.bias[:, None]], dim=1)
    filters = with_bias.split(model.filter_sizes, dim=0)
    following: nn.Module = Readout(model.readout)
    steps = [cast(Interaction, step) for step in model.interactions]
    for number in range(len(steps) - 1, 0, -1):
        following = later(steps[number], filters[number], Update(steps[number], following))
    _, present = torch.unique(element, return_inverse=True)
    embeddings = model.embedding(element)
    return first(steps[0], filters[0], embeddings, present, Update(steps[0], following))
