"""The atom-wise half of a step, and the readout, forward and backward.

Every module here and in ``messages`` has the same interface: it runs forward, calls the following
module, and propagates the returned gradients back, using its local variables.

Shapes: B copies of N atoms, M = B·N rows, F features, R radial functions.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from openmm_mlff.students.fast.pairs import Buffered, PairTerms
from openmm_mlff.students.painn import Interaction


def keep_linear(module: nn.Module, name: str, layer: nn.Module) -> None:
    """Register a linear layer as buffers `_forth` (in, out), `_back` (out, in), `_bias` (out,).

    Their names start with ``name``. This avoids slower products with a transposed matrix.
    """
    linear = cast(nn.Linear, layer)
    module.register_buffer(name + "_forth", linear.weight.detach().t().contiguous())
    module.register_buffer(name + "_back", linear.weight.detach().clone())
    if linear.bias is not None:
        module.register_buffer(name + "_bias", linear.bias.detach().clone())


def silu_gradient(gradient: Tensor, x: Tensor) -> Tensor:
    """Return the gradient with respect to x, given that with respect to SiLU(x)."""
    return torch.ops.aten.silu_backward(gradient, x)


class Readout(Buffered):
    """Energies of the atoms from their scalars: linear, SiLU, linear."""

    def __init__(self, readout: nn.Sequential) -> None:
        super().__init__()
        for name, layer in (("hidden", readout[0]), ("energy", readout[2])):
            keep_linear(self, name, layer)

    def forward(
        self, scalars: Tensor, vectors: Tensor, parts: list[PairTerms]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`Update.forward`."""
        x = torch.addmm(self.hidden_bias, scalars, self.hidden_forth)
        atomic = torch.addmm(self.energy_bias, functional.silu(x), self.energy_forth)
        x_gradient = silu_gradient(self.energy_back.expand_as(x), x)
        return atomic, torch.mm(x_gradient, self.hidden_back), torch.zeros_like(vectors)


class Update(Buffered):
    """Update of the atoms after a message; ``following`` is the next module."""

    def __init__(self, interaction: Interaction, following: nn.Module) -> None:
        super().__init__()
        self.features = interaction.features
        self.last = interaction.last
        self.following = following
        keep_linear(self, "mix", interaction.mix)
        keep_linear(self, "hidden", interaction.update[0])
        keep_linear(self, "change", interaction.update[2])
        self.register_buffer("softening", torch.full_like(self.hidden_bias[0], 1e-3))

    def forward(
        self, scalars: Tensor, vectors: Tensor, parts: list[PairTerms]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run this and all following modules forward and backward, from (M, F) and (M, 3, F).

        ``parts`` are the pairs: one table, or lists of some thousand. The gradients with respect
        to basis and directions are added to theirs.

        Returns:
            Energies of the atoms without their reference, eV, (M, 1), and the gradients of their
            sum with respect to scalars (M, F) and vectors (M, 3, F).
        """
        size, rows = self.features, scalars.shape[0]
        mixed = torch.mm(vectors.view(rows * 3, size), self.mix_forth).view(rows, 3, 2, size)
        left, right = mixed.unbind(2)
        products = (mixed * right.unsqueeze(2)).sum(1)
        product = products.select(1, 0)
        length = torch.sqrt(products.select(1, 1).add_(self.softening))
        x = torch.addmm(self.hidden_bias, torch.cat([scalars, length], dim=1), self.hidden_forth)
        change = torch.addmm(self.change_bias, functional.silu(x), self.change_forth)
        change = change.view(rows, -1, size)
        product_scale = change.select(1, 1)
        new_scalars = torch.addcmul(scalars, product_scale, product).add_(change.select(1, 0))
        new_vectors = vectors
        if not self.last:
            new_vectors = torch.addcmul(vectors, left, change.narrow(1, 2, 1))

        atomic, scalar_gradient, vector_gradient = self.following(new_scalars, new_vectors, parts)

        product_gradient = (scalar_gradient * product_scale).unsqueeze(1)
        change_gradients = [scalar_gradient, scalar_gradient * product]
        mixed_gradient = torch.empty_like(mixed)
        left_gradient = mixed_gradient.select(2, 0)
        right_gradient = mixed_gradient.select(2, 1)
        torch.mul(product_gradient, right, out=left_gradient)
        torch.mul(product_gradient, left, out=right_gradient)
        if not self.last:
            change_gradients.append((vector_gradient * left).sum(1))
            left_gradient.addcmul_(vector_gradient, change.narrow(1, 2, 1))
        x_gradient = torch.mm(torch.cat(change_gradients, dim=1), self.change_back)
        joined = torch.mm(silu_gradient(x_gradient, x), self.hidden_back).view(rows, 2, size)
        right_gradient.addcmul_((joined.select(1, 1) / length).unsqueeze(1), right)
        back = mixed_gradient.view(rows * 3, 2 * size)
        if self.last:
            back = torch.mm(back, self.mix_back)
        else:
            back = torch.addmm(vector_gradient.view(rows * 3, size), back, self.mix_back)
        return atomic, scalar_gradient.add_(joined.select(1, 0)), back.view(rows, 3, size)
