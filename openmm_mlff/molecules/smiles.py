"""Build a molecule from SMILES with RDKit: an initial geometry relaxed with a force field."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.formats.molfile import structure_of_mol
from openmm_mlff.molecules.formats.structure import FileStructure
from openmm_mlff.molecules.names import safe_name

if TYPE_CHECKING:
    from rdkit.Chem import Mol

SMILES_PREFIX = "smiles:"
EMBEDDING_SEED = 20240607
_GAP_ANGSTROM = 3.0
"""Distance between the molecules of one SMILES before relaxation."""

MOST_ATOMS = 500
"""Including hydrogens; for more atoms the embedding by RDKit takes minutes to hours."""

_RELAXATION_STEPS = 5000
_NAME_LENGTH = 20


def structure_from_smiles(smiles: str) -> tuple[FileStructure, str]:
    """Generate a geometry deterministically.

    ETKDGv3 embeds it, MMFF94 relaxes it, or UFF if MMFF94 lacks parameters. The charge is the sum
    of the formal charges; every radical electron is unpaired. A dot separates several molecules.
    Return the structure, whose title is a safe name, and a description of the method.

    Raises:
        MoleculeError: invalid SMILES, or no geometry could be generated.
    """
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        parsed = Chem.MolFromSmiles(smiles.strip())
        if parsed is None or parsed.GetNumAtoms() == 0:
            raise MoleculeError(
                f"{smiles!r} is not a SMILES that RDKit can read; expected one like CCO or "
                "CC(=O)[O-], in quotes for the shell"
            )
        molecule = Chem.AddHs(parsed)
        if molecule.GetNumAtoms() > MOST_ATOMS:
            raise MoleculeError(
                f"the SMILES {smiles[:20]!r}... has {molecule.GetNumAtoms()} atoms; expected at "
                f"most {MOST_ATOMS}: give a structure file"
            )
        method = _embed(molecule, smiles=smiles)
    canonical = Chem.MolToSmiles(parsed)
    given = molecule.GetProp("_Name") if molecule.HasProp("_Name") else ""
    structure = structure_of_mol(molecule)
    title = safe_name(given, otherwise="") or _name(molecule, canonical=canonical)
    return replace(structure, title=title), f"SMILES {canonical}, {method}"


def _embed(molecule: "Mol", *, smiles: str) -> str:
    """Add a conformer to the molecule and return the method."""
    from rdkit.Chem import rdDistGeom

    settings: Any = rdDistGeom.ETKDGv3()
    settings.randomSeed = EMBEDDING_SEED
    if rdDistGeom.EmbedMolecule(molecule, settings) != 0:
        settings.useRandomCoords = True
        if rdDistGeom.EmbedMolecule(molecule, settings) != 0:
            raise MoleculeError(
                f"RDKit found no geometry for the SMILES {smiles!r}; give a structure file"
            )
    _part_fragments(molecule)
    how = f"RDKit ETKDGv3 (seed {EMBEDDING_SEED})"
    method, _ = relax_conformers(molecule)
    return f"{how}, " + (
        f"relaxed with {method}" if method else "not relaxed: MMFF94 and UFF lack parameters"
    )


def relax_conformers(molecule: "Mol") -> tuple[str, list[float]]:
    """Relax all conformers with MMFF94, or UFF; without parameters for either none.

    Return the force field, empty if none, and the energies, kcal/mol.
    """
    from rdkit.Chem import rdForceFieldHelpers

    run: Any
    for name, is_known, run in (
        (
            "MMFF94",
            rdForceFieldHelpers.MMFFHasAllMoleculeParams,
            rdForceFieldHelpers.MMFFOptimizeMoleculeConfs,
        ),
        (
            "UFF",
            rdForceFieldHelpers.UFFHasAllMoleculeParams,
            rdForceFieldHelpers.UFFOptimizeMoleculeConfs,
        ),
    ):
        if is_known(molecule):
            return name, [energy for _, energy in run(molecule, maxIters=_RELAXATION_STEPS)]
    return "", []


def _part_fragments(molecule: "Mol") -> None:
    """Place molecules next to each other along x; they were embedded at the same position."""
    from rdkit.Chem import GetMolFrags

    conformer = molecule.GetConformer()
    positions = np.array(conformer.GetPositions())
    for before, fragment in pairwise(GetMolFrags(molecule)):
        end = positions[list(before), 0].max() + _GAP_ANGSTROM
        positions[list(fragment), 0] += end - positions[list(fragment), 0].min()
    conformer.SetPositions(positions)


def _name(molecule: "Mol", *, canonical: str) -> str:
    """Return a short SMILES that is safe as a name, or formula and digest."""
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    name = safe_name(canonical, otherwise="")
    if name == canonical and len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:4]
    return f"{safe_name(CalcMolFormula(molecule), otherwise='molecule')}-{digest}"
