"""Tripos MOL2.  RDKit reads SYBYL atom types only, hence the atoms are read here."""

from collections.abc import Iterator
from typing import TextIO

from openmm_mlff.molecules.formats.elements import (
    AtomRecord,
    identified,
    nuclide,
)
from openmm_mlff.molecules.formats.molfile import open_valences, rdkit_messages
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    recorded_cell,
    sorted_bonds,
)

_MARK = "@<TRIPOS>"
_WITHOUT_CHARGES = "NO_CHARGES"
_ROUNDING_CHARGE = 0.1
"""Maximum deviation of the sum of rounded partial charges from an integer."""

_NO_BOND = "nc"


def read_mol2(handle: TextIO, *, charge_is_given: bool = False) -> Iterator[FileStructure]:
    """Read the molecules of a MOL2 file, with their bonds.

    Elements come from SYBYL types; those of force-field types from the names of the atoms. The
    total charge is the sum of the partial charges; without these, that of the formal charges which
    RDKit derives from the atom types. It is not determined if ``charge_is_given``.

    Yields:
        One structure per molecule.

    Raises:
        ValueError: the file is invalid.
    """
    for lines in _blocks(handle):
        sections = _sections(lines)
        head = sections["MOLECULE"]
        counts = [int(word) for word in head[1].split()]
        atoms = [line.split() for line in sections.get("ATOM", []) if line.strip()]
        links = [line.split() for line in sections.get("BOND", []) if line.strip()]
        n_bonds = counts[1] if len(counts) > 1 else len(links)
        if (len(atoms), len(links)) != (counts[0], n_bonds):
            raise ValueError(
                f"{len(atoms)} atoms and {len(links)} bonds; its header says {counts[0]} and "
                f"{n_bonds}"
            )
        positions, numbers, masses = identified(
            _records(atoms), remedy="write SYBYL types instead of those of a force field"
        )
        rows = {words[0]: row for row, words in enumerate(atoms)}
        pairs = [(rows[words[1]], rows[words[2]]) for words in links if words[3] != _NO_BOND]
        formal_charge, missing = _read_types("".join(lines))
        # Six numbers, the number of the space group and its setting.
        crysin = "".join(sections.get("CRYSIN", [])[:1]).split()
        group = "".join(crysin[6:7])
        cell, note = recorded_cell(
            [float(word) for word in crysin[:6]],
            space_group="" if group in ("", "1") else f"space group {group}",
        )
        yield FileStructure(
            atomic_numbers=numbers,
            positions_angstrom=positions,
            title=head[0].strip().strip("*"),
            charge=None if charge_is_given else _total_charge(head, atoms, formal=formal_charge),
            bonds=sorted_bonds(pairs, n_atoms=len(atoms)) if pairs else None,
            cell_angstrom=cell,
            masses_amu=masses,
            open_valences={atom: n for atom, n in missing.items() if numbers[atom] == 6},
            note=note,
        )


def _blocks(handle: TextIO) -> Iterator[list[str]]:
    block: list[str] = []
    for line in handle:
        if line.startswith(f"{_MARK}MOLECULE"):
            if block:
                yield block
            block = [line]
        elif block and not line.startswith("#"):
            block.append(line)
    if block:
        yield block


def _sections(lines: list[str]) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(_MARK):
            rows = sections[line[len(_MARK) :].strip()] = []
        else:
            rows.append(line.rstrip("\n"))
    return sections


def _records(atoms: list[list[str]]) -> list[AtomRecord]:
    """Return atoms with the elements of SYBYL types; if a type is another, without elements."""
    from ase.data import atomic_numbers

    symbols = [words[5].partition(".")[0] for words in atoms]
    for symbol in symbols:
        if symbol in ("LP", "Du"):
            nuclide(symbol)
    # ca and CA are types of force fields, Ca is calcium.  All or none: c3 beside H and N.
    are_elements = all(atomic_numbers.get(symbol) for symbol in symbols)
    return [
        AtomRecord(
            name=words[1],
            element=symbol if are_elements else "",
            position_angstrom=(float(words[2]), float(words[3]), float(words[4])),
            residue="".join(words[7:8]),
            place="".join(words[6:7]),
        )
        for words, symbol in zip(atoms, symbols, strict=True)
    ]


def _total_charge(head: list[str], atoms: list[list[str]], *, formal: int | None) -> int:
    partial = [float(words[8]) for words in atoms if len(words) > 8]
    says_none = len(head) > 3 and head[3].strip() == _WITHOUT_CHARGES
    if says_none or len(partial) < len(atoms) or not any(partial):
        if formal is None:
            raise BadStructureError(
                "it has no partial charges, and RDKit cannot read the atom types: give --charge"
            )
        return formal
    total = sum(partial)
    if abs(total - round(total)) > _ROUNDING_CHARGE:
        raise ValueError(f"partial charges sum to {total:.3f}, not a whole number")
    return round(total)


def _read_types(text: str) -> tuple[int | None, dict[int, int]]:
    """Return total formal charge and open valences by RDKit; None and {} for unknown types."""
    from rdkit import Chem

    with rdkit_messages():
        molecule = Chem.MolFromMol2Block(
            text.encode("ascii", "replace").decode(), sanitize=False, removeHs=False
        )
    if molecule is None:
        return None, {}
    for atom in molecule.GetAtoms():
        # The parser assumes that all hydrogens are there.
        atom.SetNoImplicit(False)  # noqa: FBT003
    molecule.UpdatePropertyCache(strict=False)
    charge = sum(atom.GetFormalCharge() for atom in molecule.GetAtoms())
    return charge, open_valences(molecule) if molecule.GetNumBonds() else {}
