"""Bonds, fragments and contacts of large systems and periodic boxes, from near pairs alone."""

import numpy as np

from openmm_mlff.molecules import (
    BOND_FACTOR,
    MolecularSystem,
    covalent_radii_angstrom,
    fragment_count,
    pairs_within,
)
from openmm_mlff.reporters.monitor import StabilityLimits


def sparse_structure(
    positions_angstrom: np.ndarray, *, system: MolecularSystem, limits: StabilityLimits
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure every frame.

    Molecules are in one piece, as OpenMM leaves them, so bonds cross no border; contacts do.

    Args:
        positions_angstrom: (F, N, 3), Å, finite.
        system: as it was started, with its bonds and its box.
        limits: when a bond is torn, and how near contacts are looked at.

    Returns:
        Bond lengths (F, B) in Å; fragments (F,); the closest contact of unbonded atoms in units of
        the sum of their covalent radii (F,), 1.25 or the limit at most: farther pairs are not
        looked at.
    """
    bonds = np.array(system.bonds, dtype=np.int64).reshape(-1, 2)
    radii = covalent_radii_angstrom(system.atomic_numbers)
    near = max(BOND_FACTOR, limits.contact)
    reach = 2.0 * near * float(radii.max())
    start = _lengths(system.positions_angstrom, bonds)
    lengths = np.stack([_lengths(frame, bonds) for frame in positions_angstrom])
    holds = lengths <= limits.bond_longest * start
    known = bonds[:, 0] * system.n_atoms + bonds[:, 1]
    fragments = np.full(len(positions_angstrom), system.fragments)
    contacts = np.full(len(positions_angstrom), near)
    for frame, positions in enumerate(positions_angstrom):
        pairs, distances = pairs_within(
            positions, cutoff_angstrom=reach, cell_angstrom=system.cell_angstrom
        )
        relative = distances / radii[pairs].sum(axis=1)
        unbonded = ~np.isin(pairs[:, 0] * system.n_atoms + pairs[:, 1], known)
        new = pairs[unbonded & (relative < BOND_FACTOR)]
        contacts[frame] = relative[unbonded].min(initial=near)
        if len(new) or not holds[frame].all():
            joined = np.concatenate([bonds[holds[frame]], new])
            fragments[frame] = fragment_count(system.n_atoms, bonds=joined)
    return lengths, fragments, contacts


def _lengths(positions_angstrom: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    apart = positions_angstrom[pairs[:, 0]] - positions_angstrom[pairs[:, 1]]
    return np.asarray(np.linalg.norm(apart, axis=1))
