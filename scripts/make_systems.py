"""Make the molecules in systems/: RDKit geometry from SMILES, relaxed with GFN2-xTB.

A development script (needs the `dev` and `reference` extras); the files that it writes are
committed::

    python scripts/make_systems.py                # all
    python scripts/make_systems.py water alanine  # some
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from rdkit import Chem
from rdkit.Chem import AllChem
from tblite.ase import TBLite

SYSTEMS = Path(__file__).resolve().parent.parent / "systems"
SEED = 20240607
FMAX_EV_PER_ANGSTROM = 0.01
SOURCE = (
    f"RDKit ETKDGv3 from SMILES (seed {SEED}, heavy atoms first), relaxed with GFN2-xTB "
    f"(tblite, BFGS, fmax {FMAX_EV_PER_ANGSTROM} eV/Å); scripts/make_systems.py"
)


@dataclass(frozen=True)
class Recipe:
    """Input for one molecule of the library."""

    title: str
    smiles: str
    charge: int = 0
    multiplicity: int = 1


RECIPES = {
    "water": Recipe("Water", "O"),
    "methane": Recipe("Methane", "C"),
    "ammonia": Recipe("Ammonia", "N"),
    "methanol": Recipe("Methanol", "CO"),
    "ethanol": Recipe("Ethanol", "CCO"),
    "acetamide": Recipe("Acetamide", "CC(N)=O"),
    "benzene": Recipe("Benzene", "c1ccccc1"),
    "alanine": Recipe("L-Alanine, neutral form", "C[C@H](N)C(=O)O"),
    "valine": Recipe("L-Valine, neutral form", "CC(C)[C@H](N)C(=O)O"),
    "alanine_dipeptide": Recipe(
        "N-Acetyl-L-alanine-N'-methylamide (alanine dipeptide)", "CC(=O)N[C@@H](C)C(=O)NC"
    ),
}


def embed(recipe: Recipe) -> Atoms:
    """Return RDKit's three-dimensional geometry, with hydrogens after the heavy atoms."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(recipe.smiles))
    parameters = AllChem.ETKDGv3()
    parameters.randomSeed = SEED
    if AllChem.EmbedMolecule(molecule, parameters) != 0:
        raise RuntimeError(f"RDKit found no geometry for {recipe.smiles}")
    numbers = [atom.GetAtomicNum() for atom in molecule.GetAtoms()]
    return Atoms(numbers=numbers, positions=molecule.GetConformer().GetPositions())


def relax(atoms: Atoms, *, recipe: Recipe) -> None:
    """Relax in place with GFN2-xTB and move the centre of mass to the origin."""
    atoms.calc = TBLite(
        method="GFN2-xTB",
        charge=recipe.charge,
        multiplicity=recipe.multiplicity,
        accuracy=0.1,
        verbosity=0,
    )
    optimiser = BFGS(atoms, logfile=None)
    if not optimiser.run(fmax=FMAX_EV_PER_ANGSTROM, steps=1000):
        raise RuntimeError(f"{atoms.get_chemical_formula()} did not relax")
    atoms.positions -= atoms.get_center_of_mass()


def write(name: str, *, recipe: Recipe, atoms: Atoms) -> None:
    """Write systems/<name>/structure.xyz and system.toml."""
    folder = SYSTEMS / name
    folder.mkdir(parents=True, exist_ok=True)
    # ase.io.write limits extended XYZ to eight decimals.
    rows = [
        f"{symbol:2s} {x:18.12f} {y:18.12f} {z:18.12f}"
        for symbol, (x, y, z) in zip(atoms.symbols, atoms.positions, strict=True)
    ]
    header = [str(len(atoms)), 'Properties=species:S:1:pos:R:3 pbc="F F F"']
    (folder / "structure.xyz").write_text("\n".join(header + rows) + "\n", encoding="utf-8")
    fields = {
        "name": name,
        "title": recipe.title,
        "formula": atoms.get_chemical_formula("hill"),
        "charge": recipe.charge,
        "multiplicity": recipe.multiplicity,
        "structure": "structure.xyz",
        "source": SOURCE,
        "smiles": recipe.smiles,
    }
    # JSON strings and integers are valid TOML.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    (folder / "system.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Build the named molecules, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    names = parser.parse_args().names or list(RECIPES)
    if unknown := sorted(set(names) - set(RECIPES)):
        parser.error(f"no recipe for {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    for name in names:
        recipe = RECIPES[name]
        atoms = embed(recipe)
        relax(atoms, recipe=recipe)
        write(name, recipe=recipe, atoms=atoms)
        force = np.linalg.norm(atoms.get_forces(), axis=1).max()
        print(f"{name}: {atoms.get_chemical_formula('hill')}, largest force {force:.4f} eV/Å")


if __name__ == "__main__":
    main()
