"""How stiff are the bonds?  A slip of units shows in it at once."""

from collections import defaultdict
from itertools import chain, zip_longest

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable

STRETCH_ANGSTROM = 0.02
MOST_BONDS = 12


def probe_unit_scale(subject: ProbeSubject) -> ProbeOutcome:
    """Stretch bonds and compress them, all other atoms in their places.

    k = d²E/dr² = −(f(r + h) − f(r − h)) / 2h, with f = ½ (F_j − F_i)·(x_j − x_i)/r, h = 0.02 Å.

    Args:
        subject: what to probe.

    Returns:
        For each of B bonds `elements` (B, 2), `lengths_angstrom` (B,),
        `stiffness_ev_per_angstrom2` (B,) and `refused` (B,).
    """
    molecule = subject.molecule
    if not molecule.bonds:
        return not_applicable(f"{molecule.name} has no bonds")
    bonds = chosen_bonds(molecule)
    vectors = _bond_vectors(molecule, bonds)
    lengths = np.linalg.norm(vectors, axis=1)
    directions = vectors / lengths[:, None]
    rows = np.arange(len(bonds))
    shifts = np.zeros((len(bonds), molecule.n_atoms, 3))
    shifts[rows, bonds[:, 0]] = -0.5 * STRETCH_ANGSTROM * directions
    shifts[rows, bonds[:, 1]] = 0.5 * STRETCH_ANGSTROM * directions
    placed = molecule.positions_angstrom
    found = evaluate_each(subject, molecule, np.concatenate([placed + shifts, placed - shifts]))
    forces = found.forces_ev_per_angstrom.reshape(2, len(bonds), molecule.n_atoms, 3)
    pulls = 0.5 * (forces[:, rows, bonds[:, 1]] - forces[:, rows, bonds[:, 0]])
    along = np.sum(pulls * directions, axis=-1)
    return ProbeOutcome(
        data={"stretch_angstrom": STRETCH_ANGSTROM, **found.refusals()},
        arrays={
            "elements": molecule.atomic_numbers[bonds],
            "lengths_angstrom": lengths,
            "stiffness_ev_per_angstrom2": (along[1] - along[0]) / (2.0 * STRETCH_ANGSTROM),
            "refused": np.asarray(found.refused.reshape(2, len(bonds)).any(axis=0)),
        },
    )


def chosen_bonds(molecule: MolecularSystem) -> np.ndarray:
    """Choose at most twelve bonds, in turn from each pair of elements.

    Args:
        molecule: with at least one bond.

    Returns:
        int64 (B, 2), indices of atoms.
    """
    kinds: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for bond in molecule.bonds:
        kinds[tuple(sorted(molecule.atomic_numbers[list(bond)].tolist()))].append(bond)
    turns = chain.from_iterable(zip_longest(*kinds.values()))
    return np.array([bond for bond in turns if bond is not None][:MOST_BONDS], dtype=np.int64)


def _bond_vectors(molecule: MolecularSystem, bonds: np.ndarray) -> np.ndarray:
    """Give the vectors along bonds, (B, 3), Å, to the nearest image where there is a box."""
    placed, cell = molecule.positions_angstrom, molecule.cell_angstrom
    vectors = placed[bonds[:, 1]] - placed[bonds[:, 0]]
    if cell is None:
        return np.asarray(vectors)
    return np.asarray(vectors - np.round(vectors @ np.linalg.inv(cell)) @ cell)
