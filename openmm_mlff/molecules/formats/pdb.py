"""PDB files, and what they share with mmCIF: residues and alternate locations.

OpenMM's and RDKit's readers drop atoms with equal names or labels, and gemmi reads coordinates that
are not numbers as 0, hence this reader.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TextIO

import numpy as np

from openmm_mlff.molecules.bonds import Floats, covalent_bonds
from openmm_mlff.molecules.formats.elements import HYDROGENATED, ISOTOPES, AtomRecord, identified
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    Bonds,
    FileStructure,
    check_size,
    joined,
    recorded_cell,
    sorted_bonds,
)


def read_pdb(handle: TextIO) -> Iterator[FileStructure]:
    """Read the models of a PDB file; one without atoms if the file has none."""
    models, conect, cryst1 = _sorted_lines(handle)
    ends = (6, 15, 24, 33, 40, 47, 54)
    parameters = [float(cryst1[start:end]) for start, end in pairwise(ends) if cryst1]
    cell, note = recorded_cell(parameters, space_group=cryst1[55:66])
    for model in models or [[]]:
        structure, atoms = structure_of(
            [_atom(line) for line in model],
            cell=cell,
            note=note,
            remedy="write it in columns 77-78",
        )
        serials = [atom.serial for atom in atoms]
        yield replace(structure, bonds=_complete_bonds(conect, serials, structure))


def _sorted_lines(handle: TextIO) -> tuple[list[list[str]], list[str], str]:
    """Return the atoms of each model, the CONECT records and the first CRYST1 record."""
    models: list[list[str]] = []
    atoms: list[str] = []
    conect, cryst1 = [], ""
    for line in handle:
        if line.startswith(("ATOM  ", "HETATM")):
            atoms.append(line.rstrip("\n"))
            # Check the size before deriving anything from the atoms.
            check_size(len(atoms))
        elif line.startswith("CONECT"):
            conect.append(line)
        elif line.startswith("CRYST1"):
            cryst1 = cryst1 or line
        elif line.startswith(("MODEL", "END")) and atoms:
            models.append(atoms)
            atoms = []
    return [*models, atoms] if atoms else models, conect, cryst1


def _atom(line: str) -> AtomRecord:
    from ase.data import atomic_numbers

    element = line[76:78].strip()
    is_element = element.capitalize() in {*atomic_numbers, *ISOTOPES} - {"X"}
    # 1+, or the variant +1.
    charge = "".join(sorted(line[78:80].strip()))
    return AtomRecord(
        serial=line[6:11].strip(),
        name=line[12:16],
        residue=line[17:21].strip(),
        place=" ".join(line[21:27].split()),
        altloc=line[16:17].strip(),
        element=element if is_element else "",
        charge=int(charge) if charge[:1] in ("+", "-") and charge[1:].isdigit() else 0,
        position_angstrom=(float(line[30:38]), float(line[38:46]), float(line[46:54])),
    )


def _chosen_locations(atoms: Sequence[AtomRecord]) -> tuple[list[AtomRecord], str]:
    """Return the atoms at one alternate location for each name, and a note about the others.

    It is the first label of the residue, or if the atom does not have it, the atom's own first.
    """
    of_residue: dict[str, str] = {}
    of_atom: dict[tuple[str, str], list[str]] = {}
    for atom in atoms:
        if atom.altloc:
            of_residue.setdefault(atom.place, atom.altloc)
        of_atom.setdefault((atom.place, atom.name.strip()), []).append(atom.altloc)
    kept, left_out = [], []
    for atom in atoms:
        labels = of_atom[atom.place, atom.name.strip()]
        first = of_residue.get(atom.place, "")
        chosen = "" if "" in labels else first if first in labels else labels[0]
        if atom.altloc == chosen:
            kept.append(atom)
        else:
            left_out.append(f"{atom.residue} {atom.place}")
    if not left_out:
        return kept, ""
    places = list(dict.fromkeys(left_out))
    where = ", ".join(places[:3]) + (" and others" if len(places) > 3 else "")
    what = "1 atom at an alternate location"
    if len(left_out) > 1:
        what = f"{len(left_out)} atoms at alternate locations"
    return kept, f"{what} left out in {where}"


def structure_of(
    recorded: Sequence[AtomRecord], *, cell: Floats | None, note: str, remedy: str
) -> tuple[FileStructure, list[AtomRecord]]:
    """Convert atoms to a structure without bonds, and return those at the location chosen.

    ``remedy`` names what to add to the file if elements are missing.

    Raises:
        BadStructureError: an element is not evident, or a residue has no hydrogens.
    """
    atoms, left_out = _chosen_locations(recorded)
    positions, numbers, masses = identified(atoms, remedy=remedy)
    with_hydrogens = {atoms[row].place for row in np.flatnonzero(numbers == 1).tolist()}
    for atom, number in zip(atoms, numbers, strict=True):
        # A standard residue of heavy atoms only, as in most crystal structures.
        is_standard = atom.residue.upper() in HYDROGENATED and number in (6, 7, 8)
        if is_standard and atom.place not in with_hydrogens:
            raise BadStructureError(
                f"residue {atom.residue} {atom.place} has no hydrogens; add them to the file, for "
                "example with OpenMM's Modeller.addHydrogens or PDBFixer"
            )
    structure = FileStructure(
        atomic_numbers=numbers,
        positions_angstrom=positions,
        charge=sum(atom.charge for atom in atoms),
        cell_angstrom=cell,
        masses_amu=masses,
        note=joined(note, left_out),
    )
    return structure, atoms


def _complete_bonds(
    conect: list[str], serials: list[str], structure: FileStructure
) -> Bonds | None:
    """Return the bonds of CONECT records, or None if they leave out an atom close to another.

    Most files list the atoms of a ligand but not of the protein.
    """
    if max(Counter(serials).values(), default=0) > 1:
        # The serial number exceeded its five columns and does not identify an atom.
        return None
    rows = {serial: row for row, serial in enumerate(serials)}
    pairs = []
    for line in conect:
        first, *others = [rows.get(line[k : k + 5].strip()) for k in (6, 11, 16, 21, 26)]
        pairs += [(first, other) for other in others if first is not None and other is not None]
    positions = structure.positions_angstrom
    if not pairs or not np.isfinite(positions).all():
        return None
    close = covalent_bonds(
        structure.atomic_numbers, positions, cell_angstrom=structure.cell_angstrom
    )
    if not {atom for pair in close for atom in pair} <= {atom for pair in pairs for atom in pair}:
        return None
    return sorted_bonds(pairs, n_atoms=len(positions))
