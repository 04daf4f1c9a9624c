"""Molecules: what a potential is validated on.

``system`` holds the molecule, ``library`` loads it by name or from a file, ``files`` reads
structure files, ``bonds`` has helpers on plain arrays.
"""

from openmm_mlff.molecules.bonds import (
    BOND_FACTOR,
    covalent_bonds,
    covalent_radii_angstrom,
    fragment_count,
    fragment_labels,
    pairs_within,
)
from openmm_mlff.molecules.library import list_systems, load_system, systems_root
from openmm_mlff.molecules.system import MolecularSystem

__all__ = [
    "BOND_FACTOR",
    "MolecularSystem",
    "covalent_bonds",
    "covalent_radii_angstrom",
    "fragment_count",
    "fragment_labels",
    "list_systems",
    "load_system",
    "pairs_within",
    "systems_root",
]
