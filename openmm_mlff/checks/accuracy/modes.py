"""Harmonic modes from a force Jacobian."""

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.inertia import arms_angstrom, inertia_tensor, rotation_count
from openmm_mlff.units import squared_wavenumber_from_curvature


def harmonic_modes(
    jacobian: np.ndarray, molecule: MolecularSystem
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the harmonic frequencies, cm⁻¹, from J = dF/dx, (3N, 3N), eV/Å², and their errors.

    ν_k = √λ_k / 2πc, with λ_k the eigenvalues of M^−½ H M^−½ outside translations and rotations,
    and H = −(J + Jᵀ)/2 (Wilson, Decius & Cross, "Molecular Vibrations", 1955).  From the lowest,
    (3N−6,), or (3N−5,) of a linear molecule; an imaginary one is negative, and all are NaN where J
    is not finite.  Each has one standard error, from the noise of the Hessian: the antisymmetric
    half of J, which vanishes for a gradient, is the noise of the other half.  Where each element of
    J carries noise of standard deviation s, a mode whose displacement is u (without the masses) has
    an eigenvalue off by s |u|², to first order.
    """
    kept = internal_directions(molecule)
    if not np.isfinite(jacobian).all():
        nothing = np.full(kept.shape[1], np.nan)
        return nothing, nothing
    root = 1.0 / np.sqrt(np.repeat(molecule.masses_amu, 3))
    hessian = mass_weighted_hessian(jacobian, molecule.masses_amu)
    curvatures, vectors = np.linalg.eigh(kept.T @ hessian @ kept)
    size = len(jacobian)
    noise = np.sqrt(np.sum((jacobian - jacobian.T) ** 2) / (2.0 * size * (size - 1)))
    lengths = np.sum((root[:, None] * (kept @ vectors)) ** 2, axis=0)
    squares = squared_wavenumber_from_curvature(curvatures)
    uncertainty = squared_wavenumber_from_curvature(noise * lengths)
    magnitudes = np.sqrt(np.abs(squares))
    # For stiff modes this is uncertainty / 2ν, and it stays finite where ν vanishes.
    errors = np.sqrt(np.abs(squares) + uncertainty) - magnitudes
    return np.sign(squares) * magnitudes, errors


def mass_weighted_hessian(jacobian: np.ndarray, masses_amu: np.ndarray) -> np.ndarray:
    """Return the symmetric half of −J, eV/(amu Å²), of J = dF/dx, (3A, 3A), and masses (A,)."""
    root = 1.0 / np.sqrt(np.repeat(masses_amu, 3))
    return np.asarray(-0.5 * (jacobian + jacobian.T) * np.outer(root, root))


def internal_directions(molecule: MolecularSystem) -> np.ndarray:
    """Return the displacements that are neither translation nor rotation.

    Orthonormal columns in mass-weighted coordinates, (3N, 3N−6), or (3N, 3N−5) where the atoms lie
    on a line.
    """
    masses_amu, positions_angstrom = molecule.masses_amu, molecule.positions_angstrom
    root = np.sqrt(masses_amu)[:, None]
    arms = arms_angstrom(positions_angstrom, masses_amu=masses_amu)
    _, axes = np.linalg.eigh(inertia_tensor(positions_angstrom, masses_amu=masses_amu))
    rotations = rotation_count(positions_angstrom, masses_amu=masses_amu)
    moving = [np.broadcast_to(axis, arms.shape) for axis in np.eye(3)]
    moving += [np.cross(axis, arms) for axis in axes.T[3 - rotations :]]
    columns = np.stack([(root * motion).ravel() for motion in moving], axis=1)
    left, _, _ = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), full_matrices=True)
    return left[:, columns.shape[1] :]
