"""The pair-wise half of a step for listed pairs, and the student based on it.

The cost is proportional to the number of listed pairs. See ``update`` for the sequence of the
modules and for the shapes.
"""

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.fast.messages import FirstMessages, Messages, network_of
from openmm_mlff.students.fast.pairs import Buffered, ListedPairs, PairTerms, pulls_of
from openmm_mlff.students.fast.update import silu_gradient
from openmm_mlff.students.painn import PaiNN


class FirstListedMessages(FirstMessages):
    """The first messages, see :class:`FirstMessages`; `element` lists the kinds of atoms."""

    def forward(self, pairs: PairTerms) -> Tensor:
        """See :meth:`FirstMessages.forward`."""
        rows, radial = pairs.kinds.shape[0], pairs.basis.shape[1]
        n_pairs, kinds = pairs.basis.shape[0], self.embeddings.shape[0]
        size = self.embeddings.shape[1]
        directions, basis = pairs.directions.unsqueeze(2), pairs.basis.unsqueeze(1)
        # One sum for each receiver and kind of sender.
        group = pairs.receivers * kinds + pairs.kinds.index_select(0, pairs.senders)
        spread = torch.cat([basis, directions * basis], dim=1).view(n_pairs, 4 * radial)
        summed = torch.zeros([rows * kinds, 4 * radial], dtype=basis.dtype, device=basis.device)
        summed = summed.index_add_(0, group, spread).view(rows, kinds, 4, radial)
        summed = summed.transpose(1, 2).reshape(rows, 4, kinds * radial)
        scalars = torch.mm(summed.select(1, 0), self.scalar_forth)
        scalars = scalars.add_(self.embeddings.index_select(0, pairs.kinds))
        toward = summed.narrow(1, 1, 3).reshape(rows * 3, kinds * radial)
        vectors = torch.mm(toward, self.vector_forth).view(rows, 3, size)

        atomic, scalar_gradient, vector_gradient = self.following(scalars, vectors, pairs)

        near = torch.mm(scalar_gradient, self.scalar_back).view(rows, 1, -1)
        toward = torch.mm(vector_gradient.view(rows * 3, size), self.vector_back)
        gradient = torch.cat([near, toward.view(rows, 3, -1)], dim=1)
        gradient = gradient.view(rows, 4, kinds, radial).transpose(1, 2)
        gradient = gradient.reshape(rows * kinds, 4 * radial).index_select(0, group)
        gradient = gradient.view(n_pairs, 4, radial)
        pulled = gradient.narrow(1, 1, 3)
        pairs.direction_gradient.add_((pulled * basis).sum(2))
        pairs.basis_gradient.add_(gradient.select(1, 0))
        pairs.basis_gradient.add_(pulled.mul_(directions).sum(1))
        return atomic


class ListedMessages(Messages):
    """Any later messages, see :class:`Messages`."""

    def forward(
        self, scalars: Tensor, vectors: Tensor, pairs: PairTerms
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`openmm_mlff.students.fast.update.Update.forward`."""
        size, rows, n_pairs = self.features, scalars.shape[0], pairs.basis.shape[0]
        directions = pairs.directions.unsqueeze(2)
        x = torch.addmm(self.hidden_bias, scalars, self.hidden_forth)
        said = torch.addmm(self.said_bias, functional.silu(x), self.said_forth)
        said = said.view(rows, 3, size)
        vector_scale = said.narrow(1, 2, 1)
        spoken = torch.cat([said.narrow(1, 0, 2), vectors * vector_scale], dim=1)
        spoken = spoken.index_select(0, pairs.senders)
        plain_spoken, gate_spoken, _, _, _ = spoken.unbind(1)
        carried = spoken.narrow(1, 2, 3)
        filters = torch.mm(pairs.basis, self.filters_forth).view(n_pairs, 3, size)
        plain, gates, passing = filters.unbind(1)
        turning = gates * gate_spoken
        message = torch.empty([n_pairs, 4, size], dtype=filters.dtype, device=filters.device)
        torch.mul(plain, plain_spoken, out=message.select(1, 0))
        turned = message.narrow(1, 1, 3)
        torch.mul(directions, turning.unsqueeze(1), out=turned)
        turned.addcmul_(carried, passing.unsqueeze(1))
        heard = torch.cat([scalars.unsqueeze(1), vectors], dim=1)
        heard = heard.index_add_(0, pairs.receivers, message)

        atomic, scalar_gradient, vector_gradient = self.following(
            heard.select(1, 0).contiguous(),
            heard.narrow(1, 1, 3).contiguous(),
            pairs,
        )

        gradient = torch.cat([scalar_gradient.unsqueeze(1), vector_gradient], dim=1)
        gradient = gradient.index_select(0, pairs.receivers)
        scalar_pull, vector_pull = gradient.select(1, 0), gradient.narrow(1, 1, 3)
        pairs.direction_gradient.add_(
            torch.mul(vector_pull, turning.unsqueeze(1), out=turned).sum(2)
        )
        along = torch.mul(vector_pull, directions, out=turned).sum(1)
        spoken_gradient = torch.empty_like(spoken)
        torch.mul(plain, scalar_pull, out=spoken_gradient.select(1, 0))
        torch.mul(gates, along, out=spoken_gradient.select(1, 1))
        torch.mul(passing.unsqueeze(1), vector_pull, out=spoken_gradient.narrow(1, 2, 3))
        torch.mul(plain_spoken, scalar_pull, out=plain)
        torch.mul(gate_spoken, along, out=gates)
        torch.sum(torch.mul(carried, vector_pull, out=turned), 1, out=passing)
        pairs.basis_gradient.addmm_(filters.view(n_pairs, 3 * size), self.filters_back)

        summed = torch.zeros([rows, 5, size], dtype=filters.dtype, device=filters.device)
        summed = summed.index_add_(0, pairs.senders, spoken_gradient)
        carried_gradient = summed.narrow(1, 2, 3)
        said_gradient = torch.cat(
            [summed.narrow(1, 0, 2), (carried_gradient * vectors).sum(1, keepdim=True)], dim=1
        )
        x_gradient = torch.mm(said_gradient.view(rows, 3 * size), self.said_back)
        x_gradient = silu_gradient(x_gradient, x)
        scalar_gradient = torch.addmm(scalar_gradient, x_gradient, self.hidden_back)
        return atomic, scalar_gradient, vector_gradient.addcmul(carried_gradient, vector_scale)


class ListedStudent(Buffered):
    """Energies of a student and their gradient, for any molecules and boxes.

    ``cutoff`` is the cutoff of messages, Å.
    """

    def __init__(self, model: PaiNN, dtype: torch.dtype) -> None:
        super().__init__()
        self.cutoff = model.cutoff
        model = cast(PaiNN, in_dtype(model, dtype).cpu())
        numbers = torch.nonzero(model.element_index >= 0)[:, 0]
        numbers = numbers[model.element_index[numbers].argsort()]
        self.pairs = ListedPairs(model, numbers)
        with torch.no_grad():
            self.network = network_of(
                model, torch.arange(len(numbers)), FirstListedMessages, ListedMessages
            )
        self.register_buffer("element_index", model.element_index.clone())
        self.register_buffer("reference_energies", model.reference_energies.clone())

    def forward(
        self,
        atomic_numbers: Tensor,
        displacements: Tensor,
        senders: Tensor,
        receivers: Tensor,
        graph: Tensor,
        n_graphs: int,
    ) -> tuple[Tensor, Tensor]:
        """Compute energies and their gradient; arguments as in :meth:`PaiNN.forward`.

        Returns:
            Energies in eV, float64 (n_graphs,), and the gradient of their sum with respect to the
            displacements, eV/Å, (E, 3), in the dtype of the weights.
        """
        with torch.no_grad():
            kinds = self.element_index.index_select(0, atomic_numbers)
            pairs = self.pairs(displacements, kinds, receivers, senders)
            atomic = self.network(pairs).squeeze(1).to(torch.float64)
            atomic = atomic.add_(self.reference_energies.index_select(0, kinds))
            atomic = atomic.index_add_(0, receivers, pairs.core.to(torch.float64))
            energies = torch.zeros([n_graphs], dtype=torch.float64, device=atomic.device)
            energies = energies.index_add_(0, graph, atomic)
            gradient = pulls_of(pairs)
        return energies, gradient
