"""Pairs of atoms, all or listed: distances, filtered bases, core repulsion and derivatives.

Constants are stored as tensors in the precision of the weights: a Python number would be converted
in every operation.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from openmm_mlff.students.painn import PaiNN


class Buffered(nn.Module):
    """A module whose other attributes are buffers, of which a type checker does not know."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


class PairTerms(NamedTuple):
    """Inputs of the network for P pairs.

    All pairs of B copies of N atoms are a table: P = (M, N), rows of receivers (M = B·N) and
    columns of senders; the index fields are then empty. Listed pairs are P = (E,).

    Attributes:
        directions: unit vectors from receiver to sender, (M, 3, N) or (E, 3).
        inverse_distance: 1/Å, P.
        basis: radial basis and a constant, both times the window; zero on the diagonal,
            (*P, R = K + 1).
        basis_slope: its derivative, 1/Å, (*P, R).
        core: half of the repulsion, eV, P.
        core_slope: its derivative, eV/Å, P.
        kinds: row of each atom in the tables of the model, int64 (M,).
        receivers: row of the receiver, int64 (E,).
        senders: row of the sender, int64 (E,).
        basis_gradient: dE/d basis is added here, (*P, R).
        direction_gradient: dE/d directions is added here.
    """

    directions: Tensor
    inverse_distance: Tensor
    basis: Tensor
    basis_slope: Tensor
    core: Tensor
    core_slope: Tensor
    kinds: Tensor
    receivers: Tensor
    senders: Tensor
    basis_gradient: Tensor
    direction_gradient: Tensor


def pulls_of(pairs: PairTerms) -> Tensor:
    """Return the gradient with respect to the vectors from receiver to sender, eV/Å.

    The gradients of the pairs are overwritten.
    """
    directions, inverse = pairs.directions, pairs.inverse_distance
    slope = pairs.basis_gradient.mul_(pairs.basis_slope).sum(-1).add_(pairs.core_slope)
    slope.addcmul_((pairs.direction_gradient * directions).sum(1), inverse, value=-1.0)
    pulls = pairs.direction_gradient.mul_(inverse.unsqueeze(1))
    return pulls.addcmul_(directions, slope.unsqueeze(1))


class PairFunctions(Buffered):
    """All functions of one distance and two elements.

    The contact step and the two envelopes (of messages, of the core) have the same form,
    c₀ + tⁿ (a + t (b + c t)) with t = clamp(offset + scale · d), and the slope
    s · scale · tⁿ⁻¹ (1 − t)²; they are evaluated together: step, n = 3; envelopes, n = 6.

    Args:
        model: a student, in the required precision.
        atomic_numbers: int64 (N,); the tables contain pairs of these.
        apart: float64 (N, N), 0 for pairs without message and repulsion, else 1.
    """

    def __init__(self, model: PaiNN, atomic_numbers: Tensor, apart: Tensor) -> None:
        super().__init__()
        self.dtype = model.radii.dtype
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
        offset = torch.zeros(3, 1, 1, 1, dtype=torch.float64)
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

    def functions(
        self,
        distance: Tensor,
        inverse: Tensor,
        scale: Tensor,
        slope_scale: Tensor,
        screening_rates: Tensor,
        screening_slope: Tensor,
        charge_products: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Compute basis, its slope, core and its slope at distances, (A, B, C).

        ``scale`` and ``slope_scale`` of the switches are (3, ...), ``screening_rates`` (..., 4),
        the other constants (...), broadcast to the distances. The results are fields of
        :class:`PairTerms`, (A, B, C, R) twice, (A, B, C) twice.
        """
        t = torch.addcmul(self.offset, distance, scale)
        t = t.clamp_(0.0, 1.0)
        t2 = t * t
        t2_or_t5 = torch.addcmul(self.is_step, self.is_envelope, t2 * t).mul_(t2)
        bracket = torch.addcmul(self.linear, self.quadratic, t)
        bracket = torch.addcmul(self.constant, bracket, t)
        switches = torch.addcmul(self.level, bracket, t2_or_t5 * t)
        slopes = t.sub_(self.one).square_().mul_(t2_or_t5).mul_(slope_scale)
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

        decaying = (column * screening_rates).exp_().view(distance.numel(), 4)
        sums = torch.mm(decaying, self.screening_sums)
        screen = sums.select(1, 0).view_as(distance)
        screen_slope = sums.select(1, 1).view_as(distance)
        coulomb = charge_products * inverse
        outer = coulomb * core_envelope
        core = outer * screen
        core_slope = (coulomb * core_envelope_slope).mul_(screen)
        core_slope.addcmul_(core, inverse, value=-1.0)
        core_slope.addcmul_(outer.mul_(screen_slope), screening_slope)
        return basis, basis_slope, core, core_slope


class Pairs(PairFunctions):
    """All pairs of the atoms of one molecule.

    The diagonal (an atom with itself) is included, with a window and a charge of zero.
    """

    def __init__(self, model: PaiNN, atomic_numbers: Tensor) -> None:
        apart = 1.0 - torch.eye(len(atomic_numbers), dtype=torch.float64)
        super().__init__(model, atomic_numbers, apart)
        self.register_buffer("no_index", torch.zeros(0, dtype=torch.int64))

    def forward(self, positions: Tensor) -> PairTerms:
        """Compute the terms, in the precision of the weights, of positions (B, N, 3), Å."""
        copies, n_atoms = positions.shape[0], positions.shape[1]
        rows = copies * n_atoms
        senders = positions.transpose(1, 2).contiguous().unsqueeze(1)
        apart = (senders - positions.unsqueeze(3)).to(self.dtype)
        distance = (apart * apart).sum(2).add_(self.softening).sqrt_()
        inverse = distance.reciprocal()
        basis, basis_slope, core, core_slope = self.functions(
            distance,
            inverse,
            self.scale,
            self.slope_scale,
            self.screening_rates,
            self.screening_slope,
            self.charge_products,
        )
        basis = basis.view(rows, n_atoms, basis.shape[3])
        directions = apart.mul_(inverse.unsqueeze(2)).view(rows, 3, n_atoms)
        return PairTerms(
            directions=directions,
            inverse_distance=inverse.view(rows, n_atoms),
            basis=basis,
            basis_slope=basis_slope.view_as(basis),
            core=core.view(rows, n_atoms),
            core_slope=core_slope.view(rows, n_atoms),
            kinds=self.no_index,
            receivers=self.no_index,
            senders=self.no_index,
            basis_gradient=torch.zeros_like(basis),
            direction_gradient=torch.zeros_like(directions),
        )


class ListedPairs(PairFunctions):
    """Listed pairs of atoms; ``atomic_numbers``, int64 (K,), are those of the model's tables."""

    def __init__(self, model: PaiNN, atomic_numbers: Tensor) -> None:
        count = len(atomic_numbers)
        super().__init__(model, atomic_numbers, torch.ones(count, count, dtype=torch.float64))
        self.n_kinds = count

    def forward(
        self, displacements: Tensor, kinds: Tensor, receivers: Tensor, senders: Tensor
    ) -> PairTerms:
        """Compute the terms of displacements sender − receiver, Å, (E, 3).

        ``kinds``: row of each atom in the tables, int64 (M,).
        """
        n_pairs = displacements.shape[0]
        distance = (displacements * displacements).sum(1).add_(self.softening).sqrt_()
        inverse = distance.reciprocal()
        pair = kinds.index_select(0, receivers) * self.n_kinds + kinds.index_select(0, senders)
        basis, basis_slope, core, core_slope = self.functions(
            distance.view(1, 1, n_pairs),
            inverse.view(1, 1, n_pairs),
            self.scale.view(3, 1, 1, -1).index_select(3, pair),
            self.slope_scale.view(3, 1, 1, -1).index_select(3, pair),
            self.screening_rates.view(-1, 4).index_select(0, pair),
            self.screening_slope.view(-1).index_select(0, pair),
            self.charge_products.view(-1).index_select(0, pair),
        )
        basis = basis.view(n_pairs, basis.shape[3])
        return PairTerms(
            directions=displacements * inverse.unsqueeze(1),
            inverse_distance=inverse,
            basis=basis,
            basis_slope=basis_slope.view_as(basis),
            core=core.view(n_pairs),
            core_slope=core_slope.view(n_pairs),
            kinds=kinds,
            receivers=receivers,
            senders=senders,
            basis_gradient=torch.zeros_like(basis),
            direction_gradient=torch.zeros_like(displacements),
        )
