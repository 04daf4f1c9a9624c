"""Faults of the surface: of its energy, with consistent forces, or of the forces alone."""

import numpy as np
import torch

from openmm_mlff.selftest.faults.plant import Result, added
from openmm_mlff.selftest.oracles.surface import Surface

_REST_BOND_ANGSTROM = 0.97
_REST_ENDS_ANGSTROM = 1.57


def stretched_along_z(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return E(Sx) with S = diag(1, 1, 1 + s)."""
    scale = np.array([1.0, 1.0, 1.0 + strength])

    def faulty(positions: np.ndarray) -> Result:
        energies, forces = surface(positions * scale)
        return energies, forces * scale

    return faulty


def in_a_field(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return E − s Σ z."""

    def faulty(positions: np.ndarray) -> Result:
        energies, forces = surface(positions)
        return energies - strength * positions[..., 2].sum(-1), along_z(positions, forces, strength)

    return faulty


def with_handedness(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
    """Return E + s Σ T V over triples of directions from the first atom."""
    # T is the triple product of the three, V = (c₁₂ − c₂₃)(c₂₃ − c₃₁)(c₃₁ − c₁₂) of their cosines.
    # Both change sign when two atoms are exchanged, but only T under reflection: their product only
    # breaks reflection symmetry.
    triples = torch.combinations(torch.arange(1, len(atomic_numbers)), r=3)

    def term(positions: np.ndarray) -> Result:
        placed = torch.tensor(positions, requires_grad=True)
        rays = torch.nn.functional.normalize(placed - placed[:, :1], dim=-1)
        a, b, c = rays[:, triples].unbind(2)
        ab, bc, ca = (a * b).sum(-1), (b * c).sum(-1), (c * a).sum(-1)
        volume = (torch.linalg.cross(a, b) * c).sum(-1)
        energies = strength * (volume * (ab - bc) * (bc - ca) * (ca - ab)).sum(-1)
        (gradient,) = torch.autograd.grad(energies.sum(), placed)
        return energies.detach().numpy(), -gradient.numpy()

    return added(surface, term)


def along_z(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Add the same force to every atom."""
    return forces + np.array([0.0, 0.0, strength])


def on_first_atom(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Scale the force on the first atom."""
    changed = forces.copy()
    changed[:, 0] *= 1.0 + strength
    return changed


def twisted(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Add s e × (x − x_c) with e fixed in space."""
    arms = positions - positions.mean(axis=1, keepdims=True)
    axis = np.array([0.0, 0.0, strength])
    return forces + np.cross(axis, arms)


def with_curl(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Couple bonds and ends antisymmetrically, which no energy does."""
    # Tensions t_OH = s (d_HH − d₀), t_HH = −s Σ (d_OH − d₀) along the pairs: no net force, no
    # torque, every symmetry kept, and ∂t_OH/∂d_HH = −∂t_HH/∂d_OH.
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    vectors = positions[:, first] - positions[:, second]
    distances = np.linalg.norm(vectors, axis=-1)
    ends = strength * (distances[:, 2] - _REST_ENDS_ANGSTROM)
    bonds = strength * (distances[:, :2] - _REST_BOND_ANGSTROM).sum(-1)
    tensions = np.stack([ends, ends, -bonds], axis=-1)
    pulls = vectors * (tensions / distances)[..., None]
    changed = forces.copy()
    for pair in range(3):
        changed[:, first[pair]] += pulls[:, pair]
        changed[:, second[pair]] -= pulls[:, pair]
    return changed


def rough(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Add noise that is a deterministic function of the positions."""
    # The fractional part of a fast phase is uniform on [0, 1), with a standard deviation of 1/√12.
    phases = np.mod(1e9 * positions, 1.0) - 0.5
    return forces + strength * np.sqrt(12.0) * phases
