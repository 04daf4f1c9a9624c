"""Faults that break a symmetry of the energy surface; forces are its gradient."""

import numpy as np
import torch

from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import (
    added,
    everywhere,
    with_pair_term,
)
from openmm_mlff.selftest.oracles.pair import PairOracle, switched, wells_of
from openmm_mlff.selftest.oracles.pairs import PairSurface, Radial, every_pair
from openmm_mlff.selftest.oracles.surface import Surface

_BOND_SPRING = 46.5
"""Curvature 2 D a² of the O-H bond, eV/Å²."""


def _stretched_along_z(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return E(Sx) with S = diag(1, 1, 1 + s)."""
    scale = np.array([1.0, 1.0, 1.0 + strength])

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions * scale)
        return energies, forces * scale

    return faulty


def _in_a_field(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return E − s Σ z."""

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        pull = np.array([0.0, 0.0, strength])
        return energies - strength * positions[..., 2].sum(-1), forces + pull

    return faulty


def _with_handedness(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
    """Return E + s Σ T V over triples of directions from the first atom."""
    # T is the triple product of the three, V = (c₁₂ − c₂₃)(c₂₃ − c₃₁)(c₃₁ − c₁₂) of their cosines.
    # Both change sign when two atoms are exchanged, but only T under reflection: their product only
    # breaks reflection symmetry.
    triples = torch.combinations(torch.arange(1, len(atomic_numbers)), r=3)

    def term(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        placed = torch.tensor(positions, requires_grad=True)
        rays = torch.nn.functional.normalize(placed - placed[:, :1], dim=-1)
        a, b, c = rays[:, triples].unbind(2)
        ab, bc, ca = (a * b).sum(-1), (b * c).sum(-1), (c * a).sum(-1)
        volume = (torch.linalg.cross(a, b) * c).sum(-1)
        energies = strength * (volume * (ab - bc) * (bc - ca) * (ca - ab)).sum(-1)
        (gradient,) = torch.autograd.grad(energies.sum(), placed)
        return energies.detach().numpy(), -gradient.numpy()

    return added(surface, term)


class _SquaredApart(PairSurface):
    """Distances from |x|² + |y|² − 2 x·y, each rounded as in float32.

    This is how a matrix product computes all distances at once; cancellation far from the origin
    is severe.
    """

    def __init__(
        self, n_atoms: int, pairs: np.ndarray, radial: Radial, *, roundings: float
    ) -> None:
        super().__init__(n_atoms, pairs, radial)
        self.roundings = roundings

    def distances(self, positions_angstrom: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """See :meth:`PairSurface.distances`."""
        first, second = positions_angstrom[:, self.first], positions_angstrom[:, self.second]
        parts = ((first * first).sum(-1), (second * second).sum(-1), 2.0 * (first * second).sum(-1))
        left, right, both = (_rounded(part, self.roundings) for part in parts)
        return np.sqrt(np.maximum(left + right - both, 1e-4))


def _rounded(values: np.ndarray, roundings: float) -> np.ndarray:
    """Round to multiples of `roundings` times float32's spacing at each value."""
    spacing = roundings * np.spacing(np.abs(values).astype(np.float32)).astype(float)
    return np.round(values / spacing) * spacing


class _Float32Pairs(PairOracle):
    """The pair potential with distances from rounded squares."""

    def __init__(self, healthy: PairOracle, *, roundings: float) -> None:
        super().__init__(seed=healthy.seed)
        self._roundings = roundings

    def surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        pairs = every_pair(len(atomic_numbers))
        wells = wells_of(atomic_numbers, pairs, seed=self.seed)
        return _SquaredApart(
            len(atomic_numbers),
            pairs,
            lambda distances: switched(distances, wells),
            roundings=self._roundings,
        )


def _in_float32(healthy: Potential, strength: float) -> Potential:
    if not isinstance(healthy, PairOracle):
        raise TypeError(f"got {type(healthy).__name__}, expected the pair potential")
    return _Float32Pairs(healthy, roundings=strength)


def _knows_the_whole(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return E + s E², a function of the total energy."""

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        slope = 1.0 + 2.0 * strength * energies
        return energies + strength * energies**2, forces * slope[:, None, None]

    return faulty


def _first_bond(_: np.ndarray) -> np.ndarray:
    return np.array([[0, 1]])


DEFECTS = (
    Defect(
        name="anisotropy",
        description="lengths along z count for more than along x and y",
        check="rotation_invariance",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=0.02,
        predicted_onset=1e-3 / (_BOND_SPRING * 0.96),
        prediction="a bond turned into z is strained by s r: ΔF = k r s, to reach 1 meV/Å",
        plant=everywhere(_stretched_along_z),
    ),
    Defect(
        name="external field",
        description="a uniform field pulls every atom along z",
        check="translation_invariance",
        kind="bonded",
        system="water",
        unit="eV/Å",
        gross=0.005,
        predicted_onset=1e-4 / 50.0,
        prediction="ΔE per atom = s · 100 Å · cos of a random angle, on average ½, to "
        "reach 0.1 meV",
        plant=everywhere(_in_a_field),
    ),
    Defect(
        name="handedness",
        description="a term tells left from right",
        check="reflection_invariance",
        kind="bonded",
        system="methane",
        unit="eV",
        gross=1.0,
        predicted_onset=0.003,
        prediction="ΔF = 2 s T |∇V|: T = 0.77, cosines spread by 0.1 at 300 K, an atom moves six "
        "of them: 0.11 s/Å, three times that in the worst frame, to reach 1 meV/Å",
        plant=everywhere(_with_handedness),
    ),
    Defect(
        name="unlike treatment",
        description="one of two like bonds is pulled by the index of its atom",
        check="permutation_invariance",
        kind="bonded",
        system="water",
        unit="eV/Å",
        gross=0.3,
        predicted_onset=1e-3 / 1.58,
        prediction="exchanged, the pull moves to the other bond: ΔF on O = 2 s sin(θ/2), to reach "
        "1 meV/Å",
        plant=with_pair_term(_first_bond, lambda s: lambda d: (s * d, np.full_like(d, s))),
    ),
    Defect(
        name="absolute float32",
        description="distances from |x|² + |y|² − 2 x·y in float32",
        check="translation_invariance",
        kind="pair",
        system="water",
        unit="float32 roundings",
        gross=1.0,
        predicted_onset=0.03,
        prediction="at 100 Å |x|² = 1e4 is rounded by 1e-3 Å²: d by 4e-4 Å and F by k times that, "
        "0.03 s eV/Å at the worst frame, to reach 1 meV/Å",
        plant=_in_float32,
    ),
    Defect(
        name="global term",
        description="a term of the square of the total energy",
        check="size_extensivity",
        kind="pair",
        system="water",
        unit="1/eV",
        gross=0.005,
        predicted_onset=1e-3 / (2.0 * 10.0**2),
        prediction="E(AB) − 2 E(A) = 2 s E(A)² with E(A) = −10 eV, to reach 1 meV",
        plant=everywhere(_knows_the_whole),
    ),
)
