"""What experiment says of small molecules in the gas phase."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules.bonds import skeleton
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
    return _known().get(_skeleton_smiles(molecule.atomic_numbers, molecule.bonds))


def element_pair(symbols: Iterable[str]) -> str:
    """Return the name of a bond by its elements, e.g. ``C–H``."""
    return "–".join(sorted(symbols))


@functools.cache
def _known() -> dict[str, Experiment]:
    from rdkit import Chem

    found = {}
    for entry in read_toml(FILE)["molecule"]:
        bonds, barriers = (
            {element_pair(pair.split("-")): value for pair, value in entry.get(kind, {}).items()}
            for kind in ("bonds", "barriers")
        )
        mol = Chem.AddHs(Chem.MolFromSmiles(entry["smiles"], sanitize=entry["smiles"] != "[H][H]"))
        numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
        bonded = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
        frequencies = tuple(entry.get("frequencies", ()))
        found[_skeleton_smiles(numbers, bonded)] = Experiment(
            entry["source"], frequencies, bonds, barriers
        )
    return found


def _skeleton_smiles(atomic_numbers: npt.ArrayLike, bonds: Iterable[tuple[int, int]]) -> str:
    """Return which atom is bonded to which, without orders of bonds, in canonical form."""
    from rdkit import Chem

    return Chem.MolToSmiles(skeleton(atomic_numbers, bonds=bonds))
