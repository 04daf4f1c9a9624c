"""Structures with the atom and residue names that force fields require."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from openmm import app

from openmm_mlff.errors import MoleculeError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.system import box_widths_angstrom
from openmm_mlff.storage.text import one_line

_READERS = {".pdb": app.PDBFile, ".cif": app.PDBxFile, ".mmcif": app.PDBxFile}

# Exceptions of OpenMM's readers observed for invalid files.
_READING_FAILURES = (OSError, ValueError, LookupError, TypeError, AttributeError)


def read_topology(path: Path) -> app.Topology:
    """Read atoms, residues and bonds of a PDB or mmCIF file.

    Bonds of residues that OpenMM does not know come from CONECT records.

    Raises:
        MoleculeError: missing, unreadable, of another format, or an atom without element.
    """
    topology = open_topology(path)
    for atom in topology.atoms():
        if atom.element is None:
            raise MoleculeError(
                f"{path}: {atom_label(atom)} has no element; virtual sites are not supported: "
                "remove them, and name a force field without them"
            )
    return topology


def open_topology(path: Path) -> app.Topology:
    """Read a topology like :func:`read_topology`, where particles may have no element."""
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise MoleculeError(
            f"{path}: {suffix or 'a file without suffix'} has no residue names, which a force "
            f"field needs; expected one of {', '.join(_READERS)}"
        )
    if not path.is_file():
        raise MoleculeError(f"no such file: {path}; expected a PDB or mmCIF file")
    try:
        return _READERS[suffix](str(path)).topology
    except _READING_FAILURES as error:
        raise MoleculeError(
            f"{path}: cannot be read as {suffix[1:]} ("
            f"{one_line(error, with_type=True)}); check that the file is complete"
        ) from error


def atom_label(atom: app.topology.Atom) -> str:
    """Return the name of an atom for messages: ``atom 7 (H4 of ETH 1)``."""
    return f"atom {atom.index} ({atom.name} of {atom.residue.name} {atom.residue.id})"


def particle_numbers(topology: app.Topology) -> npt.NDArray[np.int64]:
    """Return the atomic number of each particle of a topology, (P,); 0 for virtual sites."""
    elements = [atom.element for atom in topology.atoms()]
    return np.array([0 if one is None else one.atomic_number for one in elements], dtype=np.int64)


def places_of_atoms(topology: app.Topology) -> npt.NDArray[np.int64]:
    """Return of each particle, (P,), its place among the atoms."""
    return np.cumsum(particle_numbers(topology) > 0) - 1


def bonds_of_atoms(topology: app.Topology) -> npt.NDArray[np.int64]:
    """Return the bonds of a topology without those to virtual sites, (B, 2), particle indices."""
    pairs = np.array([(first.index, second.index) for first, second in topology.bonds()], dtype=int)
    pairs = pairs.reshape(-1, 2)
    return pairs[(particle_numbers(topology)[pairs] > 0).all(axis=1)]


def check_same_atoms(topology: app.Topology, molecule: MolecularSystem) -> None:
    """Check that a molecule has the atoms of a topology, in the same order."""
    numbers = particle_numbers(topology)
    numbers = numbers[numbers > 0]
    if not np.array_equal(numbers, molecule.atomic_numbers):
        raise PotentialError(
            f"{molecule.name}: its {molecule.n_atoms} atoms differ in number, elements or order "
            f"from the {len(numbers)} of the structure that this ML/MM potential was made for; "
            "make a potential for it"
        )


def check_ml_atoms(topology: app.Topology, ml_atoms: npt.NDArray[np.int64]) -> None:
    """Check that a part of a topology can be described by a separate potential."""
    count = topology.getNumAtoms()
    part = set(ml_atoms.tolist())
    if not part or len(part) != len(ml_atoms) or min(part) < 0 or max(part) >= count:
        raise PotentialError(
            f"{len(ml_atoms)} ML atoms among {count} atoms; expected at least one, each once, "
            f"with indices from 0 to {count - 1}: correct the selection"
        )
    if len(part) == count:
        raise PotentialError(
            f"all {count} atoms are ML atoms, which leaves none for the force field; leave out "
            "--ml-atoms and --forcefield, or select fewer"
        )
    atoms = list(topology.atoms())
    site = next((atoms[index] for index in sorted(part) if atoms[index].element is None), None)
    if site is not None:
        raise PotentialError(
            f"{atom_label(site)} is a virtual site, which no potential describes; leave its "
            "molecule out of the selection"
        )
    for first, second in topology.bonds():
        is_cut = (first.index in part) != (second.index in part)
        if is_cut and app.element.hydrogen in (first.element, second.element):
            raise PotentialError(
                f"the selection cuts the bond between {atom_label(first)} and "
                f"{atom_label(second)}; a link atom can cap a bond between heavy atoms only: "
                "select both atoms or neither"
            )


def check_box(topology: app.Topology, molecule: MolecularSystem, *, cutoff_angstrom: float) -> None:
    """Check that the cutoff fits into the box and no molecule is split by its faces.

    Isolated molecules always pass.

    Raises:
        PotentialError: the box is too small.
        MoleculeError: a molecule is split.
    """
    if molecule.cell_angstrom is None:
        return
    width = float(box_widths_angstrom(molecule.cell_angstrom).min())
    if width < 2.0 * cutoff_angstrom:
        raise PotentialError(
            f"{molecule.name}: the box is {width:.2f} Å wide, less than twice the cutoff of "
            f"{cutoff_angstrom:g} Å; expected at least {2.0 * cutoff_angstrom:g} Å: enlarge it"
        )
    atoms = list(topology.atoms())
    placed = np.zeros((len(atoms), 3))
    placed[particle_numbers(topology) > 0] = molecule.positions_angstrom
    for first, second in bonds_of_atoms(topology):
        length = float(np.linalg.norm(placed[first] - placed[second]))
        if length > width / 2.0:
            raise MoleculeError(
                f"{molecule.name}: {atom_label(atoms[first])} and {atom_label(atoms[second])} are "
                f"bonded and {length:.1f} Å apart, on opposite sides of the box; write molecules "
                "whole"
            )
