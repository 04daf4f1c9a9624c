"""Moments of inertia and the number of rotational degrees of freedom of a molecule."""

import numpy as np

from openmm_mlff.molecules.bonds import Floats

LINE_WIDTH_ANGSTROM = 0.02
"""Atoms within this distance of a common axis are collinear.

A linear molecule is never exactly straight: a minimum is converged to 0.01 eV/Å, which leaves the
carbon of CO2 7e-4 Å off the axis (bending constant 4.8 eV/rad²) and softer molecules up to 0.01 Å,
and coordinates are written with three decimals. In a bent molecule the deviation is larger, 0.8 Å
for the hydrogen of HNCO for example. A ratio of moments of inertia would depend on the length: that
of a straight alkane of 150 carbons is about 1e-4, and it has three rotations.
"""


def inertia_tensor(positions_angstrom: Floats, *, masses_amu: Floats) -> Floats:
    """Compute the inertia tensor about the centre of mass, Σ m (r² − r rᵀ), (3, 3), amu Å²."""
    arms = arms_angstrom(positions_angstrom, masses_amu=masses_amu)
    weighted = masses_amu[:, None] * arms
    return np.asarray((weighted * arms).sum() * np.eye(3) - weighted.T @ arms)


def arms_angstrom(positions_angstrom: Floats, *, masses_amu: Floats) -> Floats:
    """Return the positions relative to the centre of mass, (N, 3), Å."""
    return np.asarray(positions_angstrom - masses_amu @ positions_angstrom / masses_amu.sum())


def rotation_count(positions_angstrom: Floats, *, masses_amu: Floats) -> int:
    """Return the number of rotational degrees of freedom: 0 (one atom), 2 (linear) or 3.

    ``positions_angstrom`` has to be the minimum, not a frame: thermal motion bends a linear
    molecule by more than :data:`LINE_WIDTH_ANGSTROM` (CO2 at 300 K by 0.06 Å), which is a
    vibration. Particles without mass are ignored.
    """
    massive = masses_amu > 0.0
    positions, masses = positions_angstrom[massive], masses_amu[massive]
    if len(masses) < 2:
        return 0
    arms = arms_angstrom(positions, masses_amu=masses)
    _, axes = np.linalg.eigh(inertia_tensor(positions, masses_amu=masses))
    off_axis = np.linalg.norm(np.cross(arms, axes[:, 0]), axis=1)
    return 2 if off_axis.max() <= LINE_WIDTH_ANGSTROM else 3
