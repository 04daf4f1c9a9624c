"""Bonds and connected fragments, on plain arrays.

Neither XYZ nor a PDB without CONECT records lists bonds, so they are derived from covalent radii.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rdkit.Chem import RWMol

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BOND_FACTOR = 1.25
"""Two atoms are bonded when closer than this times the sum of their covalent radii."""

NON_METALS = frozenset(
    # H, He; B to Ne; Si to Ar; Ge to Kr; Te to Xe; At, Rn: including the metalloids, which form
    # covalent bonds too.
    [1, 2, *range(5, 11), *range(14, 19), *range(32, 37), *range(52, 55), 85, 86]
)
S_BLOCK_METALS = frozenset([3, 4, 11, 12, 19, 20, 37, 38, 55, 56, 87, 88])
ALKALI_METALS = frozenset([3, 11, 19, 37, 55, 87])
METAL_BOND_FACTOR = 1.1
"""The factor for two metals next to non-metals: includes Fe–Fe in Fe₂(CO)₉ (0.95), not FeO
(1.15)."""


def pair_distances(
    positions_angstrom: Floats, pairs: Ints, *, cell_angstrom: Floats | None = None
) -> Floats:
    """Return the distances of pairs (P, 2) at positions (..., N, 3), to nearest images: (..., P).

    The nearest image by rounding, which is exact for distances under half a box of standard form.
    """
    difference = positions_angstrom[..., pairs[:, 0], :] - positions_angstrom[..., pairs[:, 1], :]
    if cell_angstrom is not None:
        images = np.round(difference @ np.linalg.inv(cell_angstrom))
        difference -= images @ cell_angstrom
    return np.asarray(np.linalg.norm(difference, axis=-1))


def pairs_within(
    positions_angstrom: Floats, *, cutoff_angstrom: float, cell_angstrom: Floats | None = None
) -> tuple[Ints, Floats]:
    """Find all pairs of points within a cutoff.

    Positions are (N, 3), cell vectors the rows of (3, 3); only nearest images count. Return sorted
    pairs i < j, (P, 2), and their distances (P,), Å.
    """
    lengths = None
    if cell_angstrom is not None:
        lengths = np.diagonal(cell_angstrom)
        if np.count_nonzero(cell_angstrom) > 3 or cutoff_angstrom >= 0.5 * lengths.min():
            return _pairs_in_any_box(
                positions_angstrom, cell_angstrom, cutoff_angstrom=cutoff_angstrom
            )
        positions_angstrom = np.mod(positions_angstrom, lengths)
        # Rounding may wrap a coordinate onto the upper face, which the tree rejects.
        positions_angstrom[positions_angstrom >= lengths] = 0.0
    # A k-d tree keeps this linear in N, for boxes of thousands of atoms.
    from scipy.spatial import cKDTree

    tree = cKDTree(positions_angstrom, boxsize=lengths)
    pairs = tree.query_pairs(cutoff_angstrom, output_type="ndarray").astype(np.int64)
    pairs = np.sort(pairs.reshape(-1, 2), axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    difference = positions_angstrom[pairs[:, 0]] - positions_angstrom[pairs[:, 1]]
    if lengths is not None:
        difference -= lengths * np.round(difference / lengths)
    return pairs, np.linalg.norm(difference, axis=1)


def _pairs_in_any_box(
    positions_angstrom: Floats, cell_angstrom: Floats, *, cutoff_angstrom: float
) -> tuple[Ints, Floats]:
    """Find the pairs in a skewed box, or in one not wider than twice the cutoff."""
    from ase.neighborlist import primitive_neighbor_list

    periodic = (True, True, True)
    first, second, distances = primitive_neighbor_list(
        "ijd", periodic, cell_angstrom, positions_angstrom, cutoff_angstrom
    )
    # Every pair appears in both directions and once per image; only the nearest is kept.
    order = np.lexsort((distances, second, first))
    order = order[first[order] < second[order]]
    pairs = np.stack([first, second], axis=1)[order].astype(np.int64)
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[is_new], distances[order][is_new]


def covalent_radii_angstrom(atomic_numbers: npt.ArrayLike) -> Floats:
    """Return covalent radii, (N,), Å: Cordero et al., Dalton Trans. 2008, 2832, as in ASE."""
    from ase.data import covalent_radii

    return np.asarray(covalent_radii[np.asarray(atomic_numbers)], dtype=np.float64)


def covalent_bonds(
    atomic_numbers: npt.ArrayLike,
    positions_angstrom: npt.ArrayLike,
    *,
    cell_angstrom: Floats | None = None,
) -> tuple[tuple[int, int], ...]:
    """Derive sorted bonds i < j: pairs closer than 1.25 × the sum of their covalent radii.

    Two metals, one of them adjacent to a non-metal, are treated as ions, as in rock salt: not
    bonded if one is in group 1 or 2, otherwise only below :data:`METAL_BOND_FACTOR`.  Nor is an
    alkali ion bonded to what surrounds it, see :func:`is_ion_contact`.

    Positions are (N, 3), cell vectors the rows of (3, 3); only nearest images count.
    """
    radii_angstrom = covalent_radii_angstrom(atomic_numbers)
    positions = np.asarray(positions_angstrom, dtype=np.float64)
    longest = 2.0 * BOND_FACTOR * float(radii_angstrom.max())
    pairs, distances = pairs_within(positions, cutoff_angstrom=longest, cell_angstrom=cell_angstrom)
    relative = distances / radii_angstrom[pairs].sum(axis=1)
    pairs, relative = pairs[relative < BOND_FACTOR], relative[relative < BOND_FACTOR]
    numbers = np.asarray(atomic_numbers)
    ionic = is_ion_contact(numbers, pairs) & is_non_metal(numbers[pairs]).any(axis=1)
    kept = ~(ionic | _beside_each_other(numbers, pairs, relative))
    return tuple((int(i), int(j)) for i, j in pairs[kept])


def is_ion_contact(atomic_numbers: npt.ArrayLike, pairs: Ints) -> npt.NDArray[np.bool_]:
    """Return which pairs, (P, 2), have an alkali metal, except Li–C and Li–H, (P,) bool.

    Such neighbours come and go: within picoseconds a water leaves the shell of Na⁺, and no molecule
    breaks.
    """
    numbers = np.sort(np.asarray(atomic_numbers)[pairs], axis=1)
    organic = (numbers == (3, 6)).all(axis=1) | (numbers == (1, 3)).all(axis=1)
    return np.asarray(np.isin(numbers, list(ALKALI_METALS)).any(axis=1) & ~organic)


def is_non_metal(atomic_numbers: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether each element forms covalent bonds with its own kind, bool, same shape."""
    return np.isin(np.asarray(atomic_numbers), list(NON_METALS))


def _beside_each_other(numbers: Ints, pairs: Ints, relative: Floats) -> npt.NDArray[np.bool_]:
    """Return which pairs are two metals that are not bonded but adjacent among non-metals."""
    metal = ~is_non_metal(numbers)
    among = np.zeros(len(numbers), dtype=bool)
    mixed = metal[pairs].sum(axis=1) == 1
    among[pairs[mixed].ravel()] = True
    of_s_block = np.isin(numbers[pairs], list(S_BLOCK_METALS)).any(axis=1)
    ions = metal[pairs].all(axis=1) & among[pairs].any(axis=1)
    return np.asarray(ions & (of_s_block | (relative > METAL_BOND_FACTOR)))


def fragment_count(n_atoms: int, *, bonds: Iterable[tuple[int, int]]) -> int:
    """Count the connected components of a bond graph; an atom without bonds is one."""
    return len(set(fragment_labels(n_atoms, bonds=bonds)))


def fragment_labels(n_atoms: int, *, bonds: Iterable[tuple[int, int]]) -> list[int]:
    """Label each atom with the lowest atom index of its fragment."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.array(list(bonds), dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n_atoms, n_atoms))
    _, labels = connected_components(graph, directed=False)
    _, lowest = np.unique(labels, return_index=True)
    return [int(atom) for atom in lowest[labels]]


def atoms_beyond(
    bond: tuple[int, int], *, n_atoms: int, bonds: Iterable[tuple[int, int]]
) -> tuple[int, ...]:
    """Return the atoms on the side of the bond's second atom; none where it is part of a ring."""
    first, second = bond
    others = [pair for pair in bonds if set(pair) != {first, second}]
    labels = fragment_labels(n_atoms, bonds=others)
    if labels[first] == labels[second]:
        return ()
    return tuple(atom for atom, label in enumerate(labels) if label == labels[second])


def alike_atoms(atomic_numbers: npt.ArrayLike, *, bonds: Iterable[tuple[int, int]]) -> list[int]:
    """Return labels, equal for atoms that the graph of bonds cannot distinguish."""
    from rdkit import Chem

    molecule = skeleton(atomic_numbers, bonds=bonds)
    Chem.FastFindRings(molecule)
    return list(Chem.CanonicalRankAtoms(molecule, breakTies=False))


def skeleton(atomic_numbers: npt.ArrayLike, *, bonds: Iterable[tuple[int, int]]) -> "RWMol":
    """Return an RDKit molecule of explicit atoms in which every bond is single."""
    from rdkit import Chem

    molecule = Chem.RWMol()
    for number in np.asarray(atomic_numbers).tolist():
        atom = Chem.Atom(number)
        atom.SetNoImplicit(what=True)
        molecule.AddAtom(atom)
    for i, j in bonds:
        molecule.AddBond(int(i), int(j), Chem.BondType.SINGLE)
    return molecule
