"""The pair-wise half of a step for listed pairs, and the student based on it.

The pairs come in parts that fit into the caches. What a part needs of the network is computed
once more on the way back instead of being kept, so that time and memory are proportional to the
number of pairs. See ``update`` for the sequence of the modules and for the shapes.
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

_PAIRS_AT_ONCE = 800
"""Enough for efficient matrix products, few enough for a core's cache."""


class FirstListedMessages(FirstMessages):
    """The first messages, see :class:`FirstMessages`; `element` lists the kinds of atoms."""

    def group(self, pairs: PairTerms) -> Tensor:
        """Return the row of each pair's receiver and kind of sender, int64 (E,)."""
        kinds = self.embeddings.shape[0]
        return pairs.receivers * kinds + pairs.kinds.index_select(0, pairs.senders)

    def forward(self, parts: list[PairTerms]) -> Tensor:
        """See :meth:`FirstMessages.forward`."""
        atoms = parts[0].kinds
        rows, radial = atoms.shape[0], parts[0].basis.shape[1]
        kinds, size = self.embeddings.shape[0], self.embeddings.shape[1]
        weights = self.scalar_forth
        summed = torch.zeros([rows * kinds, 4, radial], dtype=weights.dtype, device=weights.device)
        for pairs in parts:
            basis = pairs.basis.unsqueeze(1)
            spread = torch.cat([basis, pairs.directions.unsqueeze(2) * basis], dim=1)
            summed = summed.index_add_(0, self.group(pairs), spread)
        summed = summed.view(rows, kinds, 4, radial)
        summed = summed.transpose(1, 2).reshape(rows, 4, kinds * radial)
        scalars = torch.mm(summed.select(1, 0), self.scalar_forth)
        scalars = scalars.add_(self.embeddings.index_select(0, atoms))
        toward = summed.narrow(1, 1, 3).reshape(rows * 3, kinds * radial)
        vectors = torch.mm(toward, self.vector_forth).view(rows, 3, size)

        atomic, scalar_gradient, vector_gradient = self.following(scalars, vectors, parts)

        near = torch.mm(scalar_gradient, self.scalar_back).view(rows, 1, -1)
        toward = torch.mm(vector_gradient.view(rows * 3, size), self.vector_back)
        by_group = torch.cat([near, toward.view(rows, 3, -1)], dim=1)
        by_group = by_group.view(rows, 4, kinds, radial).transpose(1, 2)
        by_group = by_group.reshape(rows * kinds, 4, radial)
        for pairs in parts:
            gradient = by_group.index_select(0, self.group(pairs))
            pulled = gradient.narrow(1, 1, 3)
            pairs.direction_gradient.add_((pulled * pairs.basis.unsqueeze(1)).sum(2))
            pairs.basis_gradient.add_(gradient.select(1, 0))
            pairs.basis_gradient.add_(pulled.mul_(pairs.directions.unsqueeze(2)).sum(1))
        return atomic


class ListedMessages(Messages):
    """Any later messages, see :class:`Messages`."""

    def forward(
        self, scalars: Tensor, vectors: Tensor, parts: list[PairTerms]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`openmm_mlff.students.fast.update.Update.forward`."""
        size, rows = self.features, scalars.shape[0]
        x = torch.addmm(self.hidden_bias, scalars, self.hidden_forth)
        said = torch.addmm(self.said_bias, functional.silu(x), self.said_forth)
        said = said.view(rows, 3, size)
        vector_scale = said.narrow(1, 2, 1)
        spoken = torch.cat([said.narrow(1, 0, 2), vectors * vector_scale], dim=1)
        heard = torch.cat([scalars.unsqueeze(1), vectors], dim=1)
        for pairs in parts:
            heard = heard.index_add_(0, pairs.receivers, self.messages(spoken, pairs))

        atomic, scalar_gradient, vector_gradient = self.following(
            heard.select(1, 0).contiguous(), heard.narrow(1, 1, 3).contiguous(), parts
        )

        gradient = torch.cat([scalar_gradient.unsqueeze(1), vector_gradient], dim=1)
        summed = torch.zeros_like(spoken)
        for pairs in parts:
            summed = summed.index_add_(0, pairs.senders, self.back(spoken, gradient, pairs))
        carried_gradient = summed.narrow(1, 2, 3)
        said_gradient = torch.cat(
            [summed.narrow(1, 0, 2), (carried_gradient * vectors).sum(1, keepdim=True)], dim=1
        )
        x_gradient = torch.mm(said_gradient.view(rows, 3 * size), self.said_back)
        x_gradient = silu_gradient(x_gradient, x)
        scalar_gradient = torch.addmm(scalar_gradient, x_gradient, self.hidden_back)
        return atomic, scalar_gradient, vector_gradient.addcmul(carried_gradient, vector_scale)

    def messages(self, spoken: Tensor, pairs: PairTerms) -> Tensor:
        """Compute the messages of pairs, (E, 4, F), from what each atom says, (M, 5, F)."""
        sent = spoken.index_select(0, pairs.senders)
        filters = torch.mm(pairs.basis, self.filters_forth).view(-1, 3, self.features)
        plain, gates, passing = filters.unbind(1)
        turning = gates.mul_(sent.select(1, 1))
        message = torch.empty(
            [filters.shape[0], 4, self.features], dtype=filters.dtype, device=filters.device
        )
        torch.mul(plain, sent.select(1, 0), out=message.select(1, 0))
        turned = message.narrow(1, 1, 3)
        torch.mul(pairs.directions.unsqueeze(2), turning.unsqueeze(1), out=turned)
        turned.addcmul_(sent.narrow(1, 2, 3), passing.unsqueeze(1))
        return message

    def back(self, spoken: Tensor, gradient: Tensor, pairs: PairTerms) -> Tensor:
        """Compute the gradient by what the senders of pairs say, (E, 5, F).

        ``gradient`` is that by what each atom hears, (M, 4, F). Those by the bases and directions
        of the pairs are added to theirs.
        """
        directions = pairs.directions.unsqueeze(2)
        sent = spoken.index_select(0, pairs.senders)
        plain_sent, gate_sent, _, _, _ = sent.unbind(1)
        filters = torch.mm(pairs.basis, self.filters_forth).view(-1, 3, self.features)
        plain, gates, passing = filters.unbind(1)
        pull = gradient.index_select(0, pairs.receivers)
        scalar_pull, vector_pull = pull.select(1, 0), pull.narrow(1, 1, 3)
        turned = vector_pull * (gates * gate_sent).unsqueeze(1)
        pairs.direction_gradient.add_(turned.sum(2))
        along = torch.mul(vector_pull, directions, out=turned).sum(1)
        sent_gradient = torch.empty_like(sent)
        torch.mul(plain, scalar_pull, out=sent_gradient.select(1, 0))
        torch.mul(gates, along, out=sent_gradient.select(1, 1))
        torch.mul(passing.unsqueeze(1), vector_pull, out=sent_gradient.narrow(1, 2, 3))
        torch.mul(plain_sent, scalar_pull, out=plain)
        torch.mul(gate_sent, along, out=gates)
        torch.sum(torch.mul(sent.narrow(1, 2, 3), vector_pull, out=turned), 1, out=passing)
        pairs.basis_gradient.addmm_(filters.view(-1, 3 * self.features), self.filters_back)
        return sent_gradient


class ListedStudent(Buffered):
    """Energies of a student and their gradient, for any molecules and boxes.

    ``cutoff`` is the cutoff of messages, Å.
    """

    def __init__(self, model: PaiNN, dtype: torch.dtype) -> None:
        super().__init__()
        self.cutoff = model.cutoff
        self.pairs_at_once = _PAIRS_AT_ONCE
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
            n_pairs = displacements.shape[0]
            at_once = max(1, n_pairs) if displacements.is_cuda else self.pairs_at_once
            parts: list[PairTerms] = []
            for start in range(0, max(1, n_pairs), at_once):
                end = start + at_once
                parts.append(
                    self.pairs(
                        displacements[start:end], kinds, receivers[start:end], senders[start:end]
                    )
                )
            atomic = self.network(parts).squeeze(1).to(torch.float64)
            atomic = atomic.add_(self.reference_energies.index_select(0, kinds))
            pulls: list[Tensor] = []
            for pairs in parts:
                atomic = atomic.index_add_(0, pairs.receivers, pairs.core.to(torch.float64))
                pulls.append(pulls_of(pairs))
            energies = torch.zeros([n_graphs], dtype=torch.float64, device=atomic.device)
            energies = energies.index_add_(0, graph, atomic)
        return energies, torch.cat(pulls)
