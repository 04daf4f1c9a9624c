"""Molecules on which potentials are validated.

``system`` defines the molecule and ``loader`` loads it: from the ``library``, from ``files`` in
one of the ``formats``, or from ``smiles``. ``bonds`` and ``boxes`` are functions on plain arrays.
"""

from openmm_mlff.molecules.bonds import (
    BOND_FACTOR,
    alike_atoms,
    atoms_beyond,
    covalent_bonds,
    covalent_radii_angstrom,
    fragment_count,
    fragment_labels,
    is_ion_contact,
    pair_distances,
    pairs_within,
)
from openmm_mlff.molecules.boxes import two_copies
from openmm_mlff.molecules.inertia import inertia_tensor, rotation_count
from openmm_mlff.molecules.library import list_systems, systems_root
from openmm_mlff.molecules.loader import load_system, load_systems
from openmm_mlff.molecules.names import name_atoms
from openmm_mlff.molecules.system import MolecularSystem

__all__ = [
    "BOND_FACTOR",
    "MolecularSystem",
    "alike_atoms",
    "atoms_beyond",
    "covalent_bonds",
    "covalent_radii_angstrom",
    "fragment_count",
    "fragment_labels",
    "inertia_tensor",
    "is_ion_contact",
    "list_systems",
    "load_system",
    "load_systems",
    "name_atoms",
    "pair_distances",
    "pairs_within",
    "rotation_count",
    "systems_root",
    "two_copies",
]
