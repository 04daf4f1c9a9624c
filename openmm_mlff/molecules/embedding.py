"""Geometries that RDKit embeds and relaxes: of a SMILES, and conformers of a molecule."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.bonds import Floats, skeleton
from openmm_mlff.molecules.formats.molfile import structure_of_mol
from openmm_mlff.molecules.formats.structure import FileStructure
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    from rdkit.Chem import Mol

SMILES_PREFIX = "smiles:"
_EMBEDDING_SEED = 20240607
_GAP_ANGSTROM = 3.0
"""Distance between the molecules of one SMILES before relaxation."""

MOST_ATOMS = 500
"""Including hydrogens; for more atoms the embedding by RDKit takes minutes to hours."""

_RELAXATION_STEPS = 5000
_NAME_LENGTH = 20
_CONFORMERS_EMBEDDED = 30
SAME_KCAL_PER_MOL = 0.05
"""Conformers of closer energies count as one: mirror images, or atoms of one kind exchanged."""


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
                f"{smiles!r} is not a SMILES that RDKit can read{_reason(smiles.strip())}; "
                "expected one like CCO or CC(=O)[O-], in quotes for the shell"
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


def _reason(smiles: str) -> str:
    """Return what RDKit finds wrong with a SMILES, in parentheses, or an empty string."""
    from rdkit import Chem

    unchecked = Chem.MolFromSmiles(smiles, sanitize=False)
    if unchecked is None:
        return " (its brackets, ring closures or symbols do not match)"
    problems = [found.Message() for found in Chem.DetectChemistryProblems(unchecked)]
    return f" ({'; '.join(problems)})" if problems else ""


def _embed(molecule: "Mol", *, smiles: str) -> str:
    """Add a conformer to the molecule and return the method."""
    from rdkit.Chem import rdDistGeom

    settings: Any = rdDistGeom.ETKDGv3()
    settings.randomSeed = _EMBEDDING_SEED
    if rdDistGeom.EmbedMolecule(molecule, settings) != 0:
        settings.useRandomCoords = True
        if rdDistGeom.EmbedMolecule(molecule, settings) != 0:
            raise MoleculeError(
                f"RDKit found no geometry for the SMILES {smiles!r}; give a structure file"
            )
    _part_fragments(molecule)
    method, _ = _relax_conformers(molecule)
    how = f"relaxed with {method}" if method else "not relaxed: MMFF94 and UFF lack parameters"
    return f"RDKit ETKDGv3 (seed {_EMBEDDING_SEED}), {how}"


def _relax_conformers(molecule: "Mol") -> tuple[str, list[float]]:
    """Relax all conformers with MMFF94, or UFF; without parameters for either none.

    Return the force field, empty if none, and the energies, kcal/mol.
    """
    from rdkit.Chem import rdForceFieldHelpers

    relax: Any
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
        name, relax = "MMFF94", rdForceFieldHelpers.MMFFOptimizeMoleculeConfs
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
        name, relax = "UFF", rdForceFieldHelpers.UFFOptimizeMoleculeConfs
    else:
        return "", []
    return name, [energy for _, energy in relax(molecule, maxIters=_RELAXATION_STEPS)]


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


def conformers(molecule: MolecularSystem, *, most: int) -> Floats:
    """Generate the conformers of lowest energy by MMFF94, or UFF, deterministically.

    ETKDGv3 embeds 30, the force field relaxes them, and those of one energy count once.  Bond
    orders and chirality are those of the geometry. Return at most `most` geometries, (G, N, 3), Å,
    from the lowest.

    Raises:
        MoleculeError: RDKit finds no bond orders, no conformer or no parameters.
    """
    from rdkit import rdBase
    from rdkit.Chem import rdDistGeom

    with rdBase.BlockLogs():
        embedded = _with_bond_orders(molecule)
        settings: Any = rdDistGeom.ETKDGv3()
        settings.randomSeed = _EMBEDDING_SEED
        rdDistGeom.EmbedMultipleConfs(embedded, _CONFORMERS_EMBEDDED, settings)
        method, energies = _relax_conformers(embedded)
    if not method:
        raise MoleculeError(f"MMFF94 and UFF lack parameters of {molecule.name}")
    chosen: list[int] = []
    for index in np.argsort(energies):
        if not chosen or energies[index] - energies[chosen[-1]] > SAME_KCAL_PER_MOL:
            chosen.append(index)
    if not chosen:
        raise MoleculeError(f"RDKit found no conformer of {molecule.name}")
    placed = np.array([one.GetPositions() for one in embedded.GetConformers()])
    return placed[chosen[:most]]


def _with_bond_orders(molecule: MolecularSystem) -> "Mol":
    from rdkit import Chem
    from rdkit.Chem import rdDetermineBonds

    editable = skeleton(molecule.atomic_numbers, bonds=molecule.bonds)
    placed = Chem.Conformer(molecule.n_atoms)
    placed.SetPositions(np.array(molecule.positions_angstrom))
    editable.AddConformer(placed)
    try:
        rdDetermineBonds.DetermineBondOrders(editable, charge=molecule.charge, embedChiral=False)
        Chem.SanitizeMol(editable)
    except ValueError as error:
        reason = one_line(error)
        raise MoleculeError(f"RDKit finds no bond orders of {molecule.name} ({reason})") from error
    Chem.AssignStereochemistryFrom3D(editable)
    return editable.GetMol()
