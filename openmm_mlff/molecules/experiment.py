"""What experiment says of small molecules in the gas phase."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.storage.files import read_toml

ISOTOPE_AMU = 0.5
FILE = Path(__file__).with_name("experiment.toml")


@dataclass(frozen=True)
class Experiment:
    """Measured properties of a molecule; those that are not known are left out.

    Attributes:
        source: the publication.
        frequencies: harmonic, cm⁻¹, from the lowest.
        bonds: equilibrium lengths, Å, by the elements, e.g. ``C–H``.
        barriers: to internal rotation, kcal/mol, by the elements of the bond.
    """

    source: str
    frequencies: tuple[float, ...] = ()
    bonds: Mapping[str, float] = field(default_factory=dict)
    barriers: Mapping[str, float] = field(default_factory=dict)


def find_experiment(molecule: MolecularSystem) -> Experiment | None:
    """Return what is known of a neutral molecule of the usual isotopes; None where nothing is."""
    from ase.data import atomic_masses

    usual = np.abs(molecule.masses_amu - atomic_masses[molecule.atomic_numbers]) < ISOTOPE_AMU
    if molecule.is_periodic or molecule.charge or not molecule.bonds or not usual.all():
        return None
    return _known().get(_skeleton(molecule.atomic_numbers.tolist(), molecule.bonds))


def element_pair(symbols: Iterable[str]) -> str:
    """Return the name of a bond by its elements, e.g. ``C–H``."""
    return "–".join(sorted(symbols))


@functools.cache
def _known() -> dict[str, Experiment]:
    from rdkit import Chem

    found = {}
    for entry in read_toml(FILE)["molecule"]:
        named = {
            kind: {
                element_pair(key.split("-")): value for key, value in entry.get(kind, {}).items()
            }
            for kind in ("bonds", "barriers")
        }
        frequencies = tuple(entry.get("frequencies", ()))
        mol = Chem.AddHs(Chem.MolFromSmiles(entry["smiles"], sanitize=entry["smiles"] != "[H][H]"))
        numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
        bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
        found[_skeleton(numbers, bonds)] = Experiment(entry["source"], frequencies, **named)
    return found


def _skeleton(atomic_numbers: Sequence[int], bonds: Iterable[tuple[int, int]]) -> str:
    """Return which atom is bonded to which, without orders of bonds, in canonical form."""
    from rdkit import Chem

    mol = Chem.RWMol()
    for number in atomic_numbers:
        atom = Chem.Atom(int(number))
        atom.SetNoImplicit(True)  # noqa: FBT003
        mol.AddAtom(atom)
    for i, j in bonds:
        mol.AddBond(int(i), int(j), Chem.BondType.SINGLE)
    return Chem.MolToSmiles(mol)
