"""Elements from symbols, and from atom names where a file gives no symbols."""

import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from openmm_mlff.molecules.bonds import (
    BOND_FACTOR,
    Floats,
    Ints,
    covalent_radii_angstrom,
    pairs_within,
)
from openmm_mlff.molecules.formats.structure import BadStructureError

ISOTOPES = {"D": ("H", 2.014), "T": ("H", 3.016)}
"""Element and mass, amu, of symbols of isotopes."""

NO_ATOM = (
    "virtual sites, lone pairs, Drude and dummy particles are not atoms: remove them from the file"
)
_NO_ATOM_NAME = re.compile(r"LP\w*|EPW?\d*|MW?\d*|DUM?\d*|XX?\d*|VS\w*|IW\d*|BQ\w*|Q\d*|\*")

_WATERS = "HOH WAT SOL DOD TIP TIP3 TIP4 TIP5 TP3 TP4 TP5 T3P T4P T4E SPC SPCE SWM"
_AMINO_ACIDS = (
    "ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL "
    "HIE HID HIP HSD HSE HSP CYX CYM ASH GLH LYN ACE NME NMA NHE"
)
_NUCLEOTIDES = "A C G U DA DC DG DT RA RC RG RU ADE CYT GUA THY URA"
HYDROGENATED = frozenset(f"{_WATERS} {_AMINO_ACIDS} {_NUCLEOTIDES}".split())
"""Residues whose atoms are named by one-letter elements, with hydrogens in each."""

_IONS = {
    "SOD": "Na", "POT": "K", "CES": "Cs", "RUB": "Rb", "CAD": "Cd", "CLA": "Cl", "LIT": "Li",
    "CAL": "Ca", "BAR": "Ba", "NIO": "Na", "CIO": "Cl", "IP": "Na", "IM": "Cl",
}  # fmt: skip
"""Names of monatomic ions, and of their residues, that are not symbols (CHARMM, Amber)."""

_NOBLE_GASES = ("He", "Ne", "Ar", "Kr", "Xe")
_NAMED = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er "
    "Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Th U"
)
_ELEMENTS_OF_NAMES = frozenset(_NAMED.split())
"""Elements that a name can mean: not Po, Cm or No."""

_DRUDE_ANGSTROM = 0.5
"""Largest distance of a Drude particle from its atom; O–D is 0.96 Å."""

_CLEAR = 0.1
"""Of two elements the better must fit the bond lengths by this much more, relative (C and Cl 0.11,
S and Si 0.04)."""

_REMOTENESS = "ABGDEZHX"
"""Second letters of names that count atoms along a chain: CA, CB, CG, CD, CE, CZ, CH2, OXT."""

_COLUMNS = 4
"""Width of a name in a PDB file."""


@dataclass(frozen=True)
class AtomRecord:
    """An atom as a file records it.

    Attributes:
        name: with the leading blank of a PDB column.
        element: symbol; may be empty.
        place: number and chain of its residue.
        altloc: label of its alternate location; may be empty.
        charge: formal charge, e.
        serial: number in the file.
    """

    name: str
    element: str
    position_angstrom: tuple[float, float, float]
    residue: str = ""
    place: str = ""
    altloc: str = ""
    charge: int = 0
    serial: str = ""

    def label(self, index: int) -> str:
        """Return the text that names the atom in messages: ``atom 7 (H4 of ETH 1)``."""
        of = f" of {self.residue} {self.place}".rstrip() if self.residue else ""
        return f"atom {index + 1} ({self.name.strip() or 'without a name'}{of})"


def nuclide(symbol: str) -> tuple[str, float]:
    """Return element and mass (amu; NaN for the standard mass) of a symbol or atomic number."""
    from ase.data import atomic_numbers, chemical_symbols

    plain = symbol.strip().capitalize()
    if plain.isascii() and plain.isdigit() and 0 < int(plain[:4]) < len(chemical_symbols):
        return str(chemical_symbols[int(plain)]), math.nan
    if plain in ISOTOPES:
        return ISOTOPES[plain]
    if atomic_numbers.get(plain):
        return plain, math.nan
    expected = NO_ATOM if _is_no_atom(symbol) else "expected symbols from H to Og"
    raise BadStructureError(f"{symbol.strip()!r} is not an element; {expected}")


def numbers_and_masses(symbols: Sequence[str]) -> tuple[Ints, Floats | None]:
    """Return atomic numbers, (N,), and masses of isotopes, (N,), amu, NaN for others, or None."""
    from ase.data import atomic_numbers

    known = {symbol: nuclide(symbol) for symbol in dict.fromkeys(symbols)}
    masses = np.array([known[symbol][1] for symbol in symbols], dtype=np.float64)
    numbers = np.array([atomic_numbers[known[symbol][0]] for symbol in symbols], dtype=np.int64)
    return numbers, None if np.isnan(masses).all() else masses


def identified(atoms: Sequence[AtomRecord], *, remedy: str) -> tuple[Floats, Ints, Floats | None]:
    """Return positions, (N, 3), Å, atomic numbers and masses as :func:`numbers_and_masses`.

    Where the file gives no element, evidence is the residue; then the distance to the neighbours;
    then a second letter that does not count atoms along a chain (CL1, SI); then the column of the
    name. ``remedy`` is what to add to the file where elements are missing, for messages.

    Raises:
        BadStructureError: the element of an atom is not evident, or it is not an atom.
    """
    placed = [atom.position_angstrom for atom in atoms]
    positions = np.array(placed, dtype=np.float64).reshape(-1, 3)
    numbers, masses = numbers_and_masses(_symbols_of(atoms, positions, remedy=remedy))
    return positions, numbers, masses


def _symbols_of(
    atoms: Sequence[AtomRecord], positions_angstrom: Floats, *, remedy: str
) -> list[str]:
    options = [[atom.element] if atom.element else _candidates(atom) for atom in atoms]
    for index, (atom, found) in enumerate(zip(atoms, options, strict=True)):
        if not found:
            said = f"has no element; {remedy}"
            if _is_no_atom(atom.name):
                said = f"is not an atom, judging by its name; {NO_ATOM}"
            raise BadStructureError(f"{atom.label(index)} {said}")
    _refuse_drude_particles(atoms, options, positions_angstrom)
    unclear = [index for index, found in enumerate(options) if len(found) > 1]
    if unclear and np.isfinite(positions_angstrom).all():
        nearest = _neighbours(positions_angstrom)
        for index in unclear:
            options[index] = _fitting(index, options, nearest[index]) or options[index]
    is_left_aligned = any(
        atom.name[:1].isalpha()
        and len(atom.name.strip()) < _COLUMNS
        and len(found) == 1 == len(found[0])
        for atom, found in zip(atoms, options, strict=True)
    )
    for index in unclear:
        atom, found = atoms[index], options[index]
        if len(found) > 1 and found[0] != "H" and found[1][1].upper() not in _REMOTENESS:
            options[index] = found = found[1:]
        if len(found) > 1 and len(atom.name) == _COLUMNS and not is_left_aligned:
            # A symbol of two letters begins in the first column; so does a long hydrogen's name.
            of_two = atom.name[0].isalpha() and not (found[0] == "H" and atom.name[3] != " ")
            options[index] = found = [found[-1] if of_two else found[0]]
        if len(found) > 1:
            raise BadStructureError(
                f"{atom.label(index)} may be {' or '.join(found)}, judging by its name, and the "
                f"file gives no element; {remedy}"
            )
    return [found[0] for found in options]


def _candidates(atom: AtomRecord) -> list[str]:
    """Return the elements that a name allows: at most one with one letter, then one with two."""
    residue = atom.residue.upper()
    name = atom.name.strip().upper()
    if name in _IONS and residue in (name, "ION", ""):
        return [_IONS[name]]
    if _is_no_atom(name):
        return []
    letters = "".join(takewhile(str.isalpha, atom.name.strip().lstrip(string.digits)))
    # A monatomic ion is a residue of the same name.
    is_ion = letters.upper() == residue.strip("+-" + string.digits)
    one, two = letters[:1].upper(), letters[:2].capitalize()
    is_terminal = len(residue) == 4 and residue[0] in "NC" and residue[1:] in HYDROGENATED
    if residue in HYDROGENATED or is_terminal:
        return [one] if one and one in "HCNOSPD" else []
    is_one = one in _ELEMENTS_OF_NAMES or one in ISOTOPES
    is_two = len(two) == 2 and two in _ELEMENTS_OF_NAMES
    if is_two and (is_ion or letters[1].islower()):
        return [two]
    return [one] * is_one + [two] * is_two


def _is_no_atom(name: str) -> bool:
    return bool(_NO_ATOM_NAME.fullmatch(name.strip().upper()))


def _refuse_drude_particles(
    atoms: Sequence[AtomRecord], options: list[list[str]], positions: Floats
) -> None:
    """Raise for a particle named D and the name of the atom that it is attached to."""
    rows = {(atom.place, atom.residue, atom.name.strip()): k for k, atom in enumerate(atoms)}
    for index, atom in enumerate(atoms):
        partner = rows.get((atom.place, atom.residue, atom.name.strip()[1:]))
        if options[index][0] == "D" and partner is not None:
            apart = float(np.linalg.norm(positions[index] - positions[partner]))
            if apart < _DRUDE_ANGSTROM:
                raise BadStructureError(f"{atom.label(index)} is a Drude particle; {NO_ATOM}")


def _neighbours(positions: Floats) -> list[list[tuple[int, float]]]:
    """Return index and distance of every atom that may be bonded to each."""
    longest = 2.0 * BOND_FACTOR * float(covalent_radii_angstrom([55])[0])
    nearest: list[list[tuple[int, float]]] = [[] for _ in positions]
    for (i, j), apart in zip(*pairs_within(positions, cutoff_angstrom=longest), strict=True):
        nearest[i].append((int(j), float(apart)))
        nearest[j].append((int(i), float(apart)))
    return nearest


def _fitting(index: int, options: list[list[str]], nearest: list[tuple[int, float]]) -> list[str]:
    """Return the candidate whose covalent radius fits the closest bond, if one does clearly."""
    numbers, _ = numbers_and_masses([options[other][0] for other, _ in nearest])
    radii = covalent_radii_angstrom(numbers)
    fits = []
    for symbol in options[index]:
        own = covalent_radii_angstrom(numbers_and_masses([symbol])[0])
        ratios = [apart / length for (_, apart), length in zip(nearest, radii + own, strict=True)]
        closest = min(ratios, default=math.inf)
        if closest < BOND_FACTOR and symbol not in _NOBLE_GASES:
            fits.append((abs(math.log(max(closest, 1e-6))), symbol))
    fits.sort()
    if len(fits) > 1 and fits[1][0] - fits[0][0] < _CLEAR:
        return []
    return [symbol for _, symbol in fits[:1]]
