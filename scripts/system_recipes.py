"""What `make_systems.py` makes: SMILES, charges, spins, and where the parts of a cluster start."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from openmm_mlff.molecules import covalent_bonds

SEED = 20240607
FMAX_EV_PER_ANGSTROM = 0.01
SOFT_FMAX_EV_PER_ANGSTROM = 0.0002

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
OCTAHEDRON = np.vstack([np.eye(3), -np.eye(3)])

Arrangement = Callable[[list[Atoms]], Atoms]


@dataclass(frozen=True)
class Recipe:
    """Input for one molecule of the library.

    Attributes:
        arrange: places the parts of the SMILES, where a motion costs so little that RDKit's start
            leads to no minimum; the last forces are then smaller.
    """

    title: str
    purpose: str
    smiles: str
    charge: int = 0
    multiplicity: int = 1
    arrange: Arrangement | None = None

    @property
    def fmax_ev_per_angstrom(self) -> float:
        """The largest force at the end."""
        return SOFT_FMAX_EV_PER_ANGSTROM if self.arrange else FMAX_EV_PER_ANGSTROM

    @property
    def source(self) -> str:
        """How the geometry was made."""
        placed = "arranged by the script and " if self.arrange else ""
        return (
            f"RDKit ETKDGv3 from SMILES (seed {SEED}, heavy atoms first), {placed}relaxed with "
            f"GFN2-xTB (tblite, BFGS, fmax {self.fmax_ev_per_angstrom} eV/Å); "
            "scripts/make_systems.py"
        )


def hydrogen_bonded(*, is_inverted: bool) -> Arrangement:
    """Place the second molecule's O on the N–H or O–H of the first nearest to its last O."""

    def arrange(parts: list[Atoms]) -> Atoms:
        first, second = parts
        oxygen = max(np.flatnonzero(first.numbers == 8))
        hydrogens = [i for i, j in _hydrogens(first) if first.numbers[j] != 6]
        hydrogen = min(hydrogens, key=lambda i: first.get_distance(i, oxygen))
        donor = dict(_hydrogens(first))[hydrogen]
        outward = first.positions[hydrogen] - first.positions[donor]
        site = first.positions[hydrogen] + 1.9 * outward / np.linalg.norm(outward)
        if is_inverted:
            second.positions *= -1.0
        second.positions += site - second.positions[oxygen]
        return first + second

    return arrange


def _hydrogens(atoms: Atoms) -> list[tuple[int, int]]:
    """Return each hydrogen and its neighbour."""
    bonds = covalent_bonds(atoms.numbers, atoms.positions)
    return [(j, i) for i, j in bonds if atoms.numbers[j] == 1]


def turned_methyl(parts: list[Atoms]) -> Atoms:
    """Turn the methyl of acetate until one H stands upright on the plane of the carboxylate."""
    (atoms,) = parts
    atoms.set_dihedral(4, 0, 1, 2, 90.0, indices=[4, 5, 6])
    return atoms


def stacked(parts: list[Atoms]) -> Atoms:
    """Place two flat rings parallel, 3.5 Å apart and displaced by 1.6 Å."""
    first, second = parts
    along, across = first.positions[0], first.positions[1]
    normal = np.cross(along, across)
    second.positions *= -1.0
    second.positions += 3.5 * normal / np.linalg.norm(normal)
    second.positions += 1.6 * along / np.linalg.norm(along)
    return first + second


def surrounded(directions: np.ndarray, distance_angstrom: float, *, by_oxygen: bool) -> Arrangement:
    """Place waters around an ion, with the oxygen or a hydrogen towards it."""

    def arrange(parts: list[Atoms]) -> Atoms:
        ion, *waters = parts
        whole = ion.copy()
        ion.positions[:] = 0.0
        for water, direction in zip(waters, directions, strict=True):
            oxygen, *hydrogens = water.positions
            pointing = np.mean(hydrogens, axis=0) - oxygen if by_oxygen else oxygen - hydrogens[0]
            water.rotate(pointing, direction)
            water.positions += distance_angstrom * direction - water.positions[0]
            whole += water
        return whole

    return arrange


RECIPES = {
    "water": Recipe("Water", "the smallest molecule with stretching and bending", "O"),
    "methane": Recipe("Methane", "like atoms around a centre of high symmetry", "C"),
    "ammonia": Recipe("Ammonia", "inversion of a pyramid", "N"),
    "methanol": Recipe("Methanol", "the smallest rotation about a bond", "CO"),
    "ethanol": Recipe("Ethanol", "two rotations, as in MD17", "CCO"),
    "acetamide": Recipe("Acetamide", "the amide bond", "CC(N)=O"),
    "benzene": Recipe("Benzene", "an aromatic ring", "c1ccccc1"),
    "alanine": Recipe("L-Alanine, neutral form", "an amino acid", "C[C@H](N)C(=O)O"),
    "valine": Recipe("L-Valine, neutral form", "a branched amino acid", "CC(C)[C@H](N)C(=O)O"),
    "alanine_dipeptide": Recipe(
        "Ac-L-Ala-NHMe",
        "the standard of backbone torsions",
        "CC(=O)N[C@@H](C)C(=O)NC",
    ),
    "alanine_tripeptide": Recipe(
        "Ac-(L-Ala)2-NHMe",
        "two residues of a backbone",
        "CC(=O)N[C@@H](C)C(=O)N[C@@H](C)C(=O)NC",
    ),
    "imidazole": Recipe("Imidazole", "the ring of histidine", "c1cnc[nH]1"),
    "aspirin": Recipe("Aspirin", "a drug, as in MD17", "CC(=O)Oc1ccccc1C(=O)O"),
    "ibuprofen": Recipe(
        "(S)-Ibuprofen", "a drug with flexible chains", "CC(C)Cc1ccc(cc1)[C@H](C)C(=O)O"
    ),
    "ammonium": Recipe("Ammonium ion", "the smallest cation", "[NH4+]", charge=1),
    "acetate": Recipe(
        "Acetate ion", "a carboxylate, an anion", "CC(=O)[O-]", charge=-1, arrange=turned_methyl
    ),
    "betaine": Recipe(
        "Betaine, a zwitterion",
        "opposite charges in one molecule, without a proton that could neutralise them "
        "(isolated glycine transfers it)",
        "C[N+](C)(C)CC(=O)[O-]",
    ),
    "phosphate": Recipe(
        "Dihydrogen phosphate ion", "phosphorus, as in nucleotides", "OP(=O)(O)[O-]", charge=-1
    ),
    "methyl_radical": Recipe("Methyl radical", "a doublet", "[CH3]", multiplicity=2),
    "oxygen": Recipe(
        "Dioxygen, triplet", "a triplet, and a linear molecule", "O=O", multiplicity=3
    ),
    "hydrogen_sulfide": Recipe("Hydrogen sulfide", "the smallest molecule with sulfur", "S"),
    "dimethyl_sulfide": Recipe("Dimethyl sulfide", "the thioether of methionine", "CSC"),
    "fluoromethane": Recipe("Fluoromethane", "fluorine", "CF"),
    "chloromethane": Recipe("Chloromethane", "chlorine", "CCl"),
    "water_dimer": Recipe(
        "Water dimer",
        "one hydrogen bond",
        "O.O",
        arrange=hydrogen_bonded(is_inverted=False),
    ),
    "formamide_dimer": Recipe(
        "Formamide dimer, cyclic",
        "a pair with two hydrogen bonds, as in nucleic acids",
        "NC=O.NC=O",
        arrange=hydrogen_bonded(is_inverted=True),
    ),
    "benzene_dimer": Recipe(
        "Benzene dimer, stacked",
        "a stacked pair, held by dispersion",
        "c1ccccc1.c1ccccc1",
        arrange=stacked,
    ),
    "sodium_in_water": Recipe(
        "Na+ and four waters",
        "a metal ion and its first shell",
        "[Na+].O.O.O.O",
        charge=1,
        arrange=surrounded(TETRAHEDRON, 2.3, by_oxygen=True),
    ),
    "chloride_in_water": Recipe(
        "Cl- and six waters",
        "an anion and its first shell",
        "[Cl-].O.O.O.O.O.O",
        charge=-1,
        arrange=surrounded(OCTAHEDRON, 3.2, by_oxygen=False),
    ),
}
