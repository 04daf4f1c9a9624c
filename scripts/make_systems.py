"""Make the molecules in systems/: RDKit geometry from SMILES, relaxed with GFN2-xTB.

A development script (needs the `dev` and `reference` extras); the files that it writes are
committed::

    python scripts/make_systems.py                # all
    python scripts/make_systems.py water alanine  # some
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from rdkit import Chem
from rdkit.Chem import AllChem
from system_recipes import RECIPES, SEED, Recipe
from tblite.ase import TBLite

from openmm_mlff.checks.accuracy.modes import harmonic_modes
from openmm_mlff.molecules import MolecularSystem, covalent_bonds
from openmm_mlff.molecules.bonds import is_non_metal

SYSTEMS = Path(__file__).resolve().parent.parent / "systems"
STEP_ANGSTROM = 0.005
LOWEST_MODE_PER_CM = -10.0
"""A more negative mode is a direction in which the energy falls, not noise of the Hessian."""
RATTLE_ANGSTROM = 0.05


def embed(recipe: Recipe) -> tuple[Atoms, set[tuple[int, int]]]:
    """Return RDKit's geometry, with hydrogens after the heavy atoms of each part, and the bonds."""
    parts, bonds, count = [], set(), 0
    for smiles in recipe.smiles.split("."):
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        parameters = AllChem.ETKDGv3()
        parameters.randomSeed = SEED
        if AllChem.EmbedMolecule(molecule, parameters) != 0:
            raise RuntimeError(f"RDKit found no geometry for {smiles}")
        numbers = [atom.GetAtomicNum() for atom in molecule.GetAtoms()]
        parts.append(Atoms(numbers=numbers, positions=molecule.GetConformer().GetPositions()))
        pairs = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
        bonds |= {(count + min(pair), count + max(pair)) for pair in pairs}
        count += len(numbers)
    atoms = recipe.arrange(parts) if recipe.arrange else parts[0]
    if recipe.arrange:
        # A relaxation keeps the symmetry of its start.
        atoms.rattle(RATTLE_ANGSTROM, seed=SEED)
    return atoms, bonds


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
    if not optimiser.run(fmax=recipe.fmax_ev_per_angstrom, steps=2000):
        raise RuntimeError(f"{atoms.get_chemical_formula()} did not relax")
    atoms.positions -= atoms.get_center_of_mass()


def lowest_mode_per_cm(atoms: Atoms, *, name: str, recipe: Recipe) -> float:
    """Compute the lowest harmonic frequency, cm⁻¹, negative if it is imaginary."""
    start, columns = atoms.positions.copy(), []
    for index in range(start.size):
        step = np.zeros(start.size)
        step[index] = STEP_ANGSTROM
        forces = []
        for sign in (1.0, -1.0):
            atoms.positions = start + sign * step.reshape(start.shape)
            forces.append(atoms.get_forces().ravel())
        columns.append((forces[0] - forces[1]) / (2.0 * STEP_ANGSTROM))
    atoms.positions = start
    molecule = MolecularSystem(
        name, atoms.numbers, start, charge=recipe.charge, multiplicity=recipe.multiplicity
    )
    frequencies, _ = harmonic_modes(np.array(columns).T, molecule)
    return float(frequencies[0])


def check(atoms: Atoms, bonds: set[tuple[int, int]], *, name: str, recipe: Recipe) -> float:
    """Return the lowest harmonic frequency of a relaxed geometry, cm⁻¹.

    Raises:
        RuntimeError: its bonds are not those of the SMILES, or it is not a minimum.
    """
    covalent = is_non_metal(atoms.numbers)
    found = {
        (i, j)
        for i, j in covalent_bonds(atoms.numbers, atoms.positions)
        if covalent[i] and covalent[j]
    }
    if found != bonds:
        raise RuntimeError(f"{name}: bonds {sorted(found ^ bonds)} were made or broken")
    lowest = lowest_mode_per_cm(atoms, name=name, recipe=recipe)
    if lowest < LOWEST_MODE_PER_CM:
        raise RuntimeError(f"{name} is not a minimum: its lowest mode is {lowest:.0f} cm⁻¹")
    return lowest


def write_system(folder: Path, fields: dict[str, Any]) -> None:
    """Write `system.toml`; the system is named as its folder."""
    # JSON strings and integers are valid TOML.
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in {"name": folder.name, **fields}.items()
    ]
    (folder / "system.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


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
        "title": recipe.title,
        "purpose": recipe.purpose,
        "formula": atoms.get_chemical_formula("hill"),
        "charge": recipe.charge,
        "multiplicity": recipe.multiplicity,
        "structure": "structure.xyz",
        "source": recipe.source,
        "smiles": recipe.smiles,
    }
    write_system(folder, fields)


def main() -> None:
    """Build the named molecules, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    names = parser.parse_args().names or list(RECIPES)
    if unknown := sorted(set(names) - set(RECIPES)):
        parser.error(f"no recipe for {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    for name in names:
        recipe = RECIPES[name]
        atoms, bonds = embed(recipe)
        relax(atoms, recipe=recipe)
        lowest = check(atoms, bonds, name=name, recipe=recipe)
        write(name, recipe=recipe, atoms=atoms)
        force = np.linalg.norm(atoms.get_forces(), axis=1).max()
        print(
            f"{name}: {atoms.get_chemical_formula('hill')}, largest force {force:.4f} eV/Å, "
            f"lowest mode {lowest:.0f} cm⁻¹"
        )


if __name__ == "__main__":
    main()
