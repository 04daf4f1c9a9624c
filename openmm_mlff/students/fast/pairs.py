"""All pairs of atoms of one molecule: distances, filtered bases, core repulsion, and slopes.

Constants are kept as tensors in the precision of the weights: a Python number would be converted
anew in every operation.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from openmm_mlff.students.painn import PaiNN


class PairTerms(NamedTuple):
    """What the network sees of the pairs, in rows of receivers (M = B·N) and columns of senders.

    Attributes:
        directions: unit vectors from receiver to sender, (M, 3, N).
        inverse_distance: 1/Å, (M, N).
        basis: radial basis and a constant, both times the window; zero on the diagonal,
            (M, N, R = K + 1).
        basis_slope: its derivative, 1/Å, (M, N, R).
        core: half of the repulsion, eV, (M, N).
        core_slope: its derivative, eV/Å, (M, N).
    """

    directions: Tensor
    inverse_distance: Tensor
    basis: Tensor
    basis_slope: Tensor
    core: Tensor
    core_slope: Tensor


class Pairs(nn.Module):
    """Distances of all pairs and everything that depends on one distance only.

    The diagonal (an atom with itself) is kept, with a window and a charge of zero.

    The contact step and the two envelopes (of messages, of the core) have one form,
    c₀ + tⁿ (a + t (b + c t)) with t = clamp(offset + scale · d), and the slope
    s · scale · tⁿ⁻¹ (1 − t)²; they are evaluated together: step, n = 3; envelopes, n = 6.

    Args:
        model: a student, in the precision wanted.
        atomic_numbers: int64 (N,).
    """

    nothing: Tensor
    softening: Tensor
    one: Tensor
    scale: Tensor
    offset: Tensor
    slope_scale: Tensor
    is_step: Tensor
    is_envelope: Tensor
    constant: Tensor
    linear: Tensor
    quadratic: Tensor
    level: Tensor
    basis_scale: Tensor
    basis_offset: Tensor
    basis_slope_scale: Tensor
    screening_rates: Tensor
    screening_sums: Tensor
    screening_slope: Tensor
    charge_products: Tensor

    def __init__(self, model: PaiNN, atomic_numbers: Tensor) -> None:
        super().__init__()
        self.dtype = model.radii.dtype
        apart = 1.0 - torch.eye(len(atomic_numbers), dtype=torch.float64)
        radii = model.radii.double()[model.element_index[atomic_numbers]]
        covalent_sum = radii[:, None] + radii[None, :]
        self._switches(model, covalent_sum, apart)
        self._basis(model)
        self._core(model, atomic_numbers.double(), apart)

    def _keep(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.to(self.dtype).contiguous())

    def _switches(self, model: PaiNN, covalent_sum: Tensor, apart: Tensor) -> None:
        rise = model.contact_end - model.contact_start
        scale = torch.stack(
            [
                apart / (covalent_sum * rise),
                torch.full_like(covalent_sum, 1.0 / model.cutoff),
                1.0 / (model.core_reach * covalent_sum),
            ]
        )[:, None]
        offset = torch.zeros_like(scale)
        offset[0] = -model.contact_start / rise

        def by_switch(step: float, envelope: float) -> Tensor:
            values = torch.tensor([step, envelope, envelope], dtype=torch.float64)
            return values[:, None, None, None]

        self._keep("softening", torch.tensor(1e-12))
        self._keep("one", torch.tensor(1.0))
        self._keep("nothing", torch.tensor(0.0))
        self._keep("scale", scale)
        self._keep("offset", offset)
        self._keep("slope_scale", scale * by_switch(30.0, -168.0))
        self._keep("is_step", by_switch(1.0, 0.0))
        self._keep("is_envelope", by_switch(0.0, 1.0))
        self._keep("level", by_switch(0.0, 1.0))
        self._keep("constant", by_switch(10.0, -28.0))
        self._keep("linear", by_switch(-15.0, 48.0))
        self._keep("quadratic", by_switch(6.0, -21.0))

    def _basis(self, model: PaiNN) -> None:
        """Write exp(−½ z²) as exp(−y²), y = z/√2; the constant is a last Gaussian, y = 0."""
        centers = model.basis.centers.double()
        rate = torch.full_like(centers, model.basis.inverse_width * 0.5**0.5)
        last = torch.zeros(1, dtype=torch.float64)
        self._keep("basis_scale", torch.cat([rate, last]))
        self._keep("basis_offset", torch.cat([-centers * rate, last]))
        self._keep("basis_slope_scale", torch.cat([-2.0 * rate, last]))

    def _core(self, model: PaiNN, charges: Tensor, apart: Tensor) -> None:
        powers = charges**0.23
        rates = (powers[:, None] + powers[None, :]) * model.core.inverse_length_unit
        weights, decays = model.core.weights.double(), model.core.decays.double()
        self._keep("screening_rates", -rates[:, :, None] * decays)
        self._keep("screening_sums", torch.stack([weights, weights * decays], dim=1))
        self._keep("screening_slope", -rates)
        products = model.core.coulomb_constant * charges[:, None] * charges[None, :]
        self._keep("charge_products", 0.5 * products * apart)

    def forward(self, positions: Tensor) -> PairTerms:
        """Describe the pairs.

        Args:
            positions: Å, (B, N, 3), in any precision.

        Returns:
            See :class:`PairTerms`, in the precision of the weights.
        """
        copies, n_atoms = positions.shape[0], positions.shape[1]
        rows = copies * n_atoms
        senders = positions.transpose(1, 2).contiguous().unsqueeze(1)
        apart = (senders - positions.unsqueeze(3)).to(self.dtype)
        distance = (apart * apart).sum(2).add_(self.softening).sqrt_()
        inverse = distance.reciprocal()
        directions = apart.mul_(inverse.unsqueeze(2))

        t = torch.addcmul(self.offset, distance, self.scale)
        t = t.clamp_(0.0, 1.0)
        t2 = t * t
        t2_or_t5 = torch.addcmul(self.is_step, self.is_envelope, t2 * t).mul_(t2)
        bracket = torch.addcmul(self.linear, self.quadratic, t)
        bracket = torch.addcmul(self.constant, bracket, t)
        switches = torch.addcmul(self.level, bracket, t2_or_t5 * t)
        slopes = t.sub_(self.one).square_().mul_(t2_or_t5).mul_(self.slope_scale)
        step, envelope, core_envelope = switches.unbind(0)
        step_slope, envelope_slope, core_envelope_slope = slopes.unbind(0)
        window = step * envelope
        window_slope = (step * envelope_slope).addcmul_(step_slope, envelope)

        column = distance.unsqueeze(3)
        y = torch.addcmul(self.basis_offset, column, self.basis_scale)
        gaussians = torch.addcmul(self.nothing, y, y, value=-1.0).exp_()
        basis = gaussians * window.unsqueeze(3)
        basis_slope = gaussians.mul_(window_slope.unsqueeze(3))
        basis_slope.addcmul_(basis, y.mul_(self.basis_slope_scale))

        decaying = (column * self.screening_rates).exp_().view(-1, 4)
        screening = torch.mm(decaying, self.screening_sums).view(copies, n_atoms, n_atoms, 2)
        screen, screen_slope = screening.unbind(3)
        coulomb = self.charge_products * inverse
        outer = coulomb * core_envelope
        core = outer * screen
        core_slope = (coulomb * core_envelope_slope).mul_(screen)
        core_slope.addcmul_(core, inverse, value=-1.0)
        core_slope.addcmul_(outer.mul_(screen_slope), self.screening_slope)
        return PairTerms(
            directions=directions.view(rows, 3, n_atoms),
            inverse_distance=inverse.view(rows, n_atoms),
            basis=basis.view(rows, n_atoms, basis.shape[3]),
            basis_slope=basis_slope.view(rows, n_atoms, basis.shape[3]),
            core=core.view(rows, n_atoms),
            core_slope=core_slope.view(rows, n_atoms),
        )
