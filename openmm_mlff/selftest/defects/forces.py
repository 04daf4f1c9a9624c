"""Faults of the forces or of the energy alone, which make them inconsistent."""

import numpy as np

from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import everywhere, in_forces
from openmm_mlff.selftest.oracles.surface import Surface

_REST_BOND_ANGSTROM = 0.97
_REST_ENDS_ANGSTROM = 1.57


def _scaled(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    return (1.0 + strength) * forces


def _reversed(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    return (1.0 - 2.0 * strength) * forces


def _missing(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    return (1.0 - strength) * forces


def _unanswered(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Scale the force on the first atom."""
    changed = forces.copy()
    changed[:, 0] *= 1.0 + strength
    return changed


def _pulled(_: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    return forces + np.array([0.0, 0.0, strength])


def _twisted(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Add s e × (x − x_c) with e fixed in space."""
    arms = positions - positions.mean(axis=1, keepdims=True)
    axis = np.array([0.0, 0.0, strength])
    return forces + np.cross(axis, arms)


def _with_curl(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
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


def _rough(positions: np.ndarray, forces: np.ndarray, strength: float) -> np.ndarray:
    """Add noise that is a deterministic function of the positions."""
    # The fractional part of a fast phase is uniform on [0, 1), with a standard deviation of 1/√12.
    phases = np.mod(1e9 * positions, 1.0) - 0.5
    return forces + strength * np.sqrt(12.0) * phases


def _scaled_energy(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return (1 + s) E with the forces of E."""

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        return (1.0 + strength) * energies, forces

    return faulty


DEFECTS = (
    Defect(
        name="curl",
        description="forces between bonds and ends that no energy has",
        check="hessian_symmetry",
        kind="bonded",
        system="water",
        unit="eV/Å²",
        gross=5.0,
        predicted_onset=0.1,
        prediction="λ = s ‖BᵀAB‖ / ‖J‖ = s 2.9 / 139 eV/Å² (B: distances by positions, A: the "
        "antisymmetric coupling), to reach 0.002",
        plant=in_forces(_with_curl),
    ),
    Defect(
        name="λ of 0.003",
        description="a curl as small as that of published models that predict their forces",
        check="hessian_symmetry",
        kind="bonded",
        system="water",
        unit="eV/Å²",
        gross=0.16,
        predicted_onset=0.1,
        prediction="as curl: λ = s 0.02 Å²/eV, to reach 0.002",
        plant=in_forces(_with_curl),
        slight_factor=1.2,
    ),
    Defect(
        name="scaled forces",
        description="forces larger than the gradient",
        check="force_consistency",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=0.2,
        predicted_onset=5e-4,
        prediction="a path of 0.3 Å against a bond climbs ½ k d² = 2 eV; s of it is missing from "
        "the work, to reach 1 meV (a direction's 0.77 eV/Å reach 5 meV/Å at 0.0065 only)",
        plant=in_forces(_scaled),
    ),
    Defect(
        name="scaled forces under a staircase",
        description="forces larger than the gradient of an energy that is a float32 staircase",
        check="force_consistency",
        kind="staircase",
        system="water",
        unit="ratio",
        gross=0.2,
        predicted_onset=2e-3,
        prediction="as scaled forces; stairs of 1 meV hide up to 3 √2 of their 0.28 meV of the "
        "work, and s of 2 eV is missing, to reach 1.2 meV where the path is half as steep",
        plant=in_forces(_scaled),
    ),
    Defect(
        name="rough forces under a staircase",
        description="forces that change by chance from point to point",
        check="precision_noise",
        kind="staircase",
        system="water",
        unit="eV/Å",
        gross=0.05,
        predicted_onset=5e-3,
        prediction="the strength is the standard deviation itself, to reach 5 meV/Å",
        plant=in_forces(_rough),
    ),
    Defect(
        name="force sign",
        description="forces of the wrong sign",
        check="force_consistency",
        kind="bonded",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=2.5e-4,
        prediction="as scaled forces, with twice the difference",
        plant=in_forces(_reversed),
    ),
    Defect(
        name="no gradient",
        description="forces cut off from the energy: zero",
        check="force_consistency",
        kind="bonded",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=5e-4,
        prediction="as scaled forces",
        plant=in_forces(_missing),
    ),
    Defect(
        name="action without reaction",
        description="one atom feels more than it exerts",
        check="net_force_torque",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=0.05,
        predicted_onset=1e-3,
        prediction="|ΣF|/N = s |F_O| / 3 with |F_O| = 3 eV/Å in the worst frame (twice the mean), "
        "to reach 1 meV/Å",
        plant=in_forces(_unanswered),
    ),
    Defect(
        name="torque",
        description="forces turn the molecule about an axis fixed in space",
        check="net_force_torque",
        kind="bonded",
        system="water",
        unit="eV/Å²",
        gross=0.05,
        predicted_onset=1e-3 / 1.4,
        prediction="torque = s Σρ², Σρ² = 1.4 Å² about the centre, to reach 1 meV",
        plant=in_forces(_twisted),
    ),
    Defect(
        name="constant pull",
        description="the same small force on every atom",
        check="momentum_conservation",
        kind="bonded",
        system="water",
        unit="eV/Å",
        gross=1e-3,
        predicted_onset=2.3e-6,
        prediction="ΔP = 3 s t in 1 ps against √(kT M) = 6.9e-3 eV ps/Å, to reach 1e-3",
        plant=in_forces(_pulled),
    ),
    Defect(
        name="scaled energy",
        description="an energy larger than that of the forces",
        check="timestep_convergence",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=0.2,
        predicted_onset=4e-3,
        prediction="σ(E_total) gains s σ(V) = s 35 meV at any timestep; the exponent falls to 1.6 "
        "where that is 1.4 times the integrator's own at dt/2",
        plant=everywhere(_scaled_energy),
        # The entire confidence interval of ±0.15 must be below 1.6.
        slight_factor=3.0,
    ),
)
