"""Build a molecule from SMILES with RDKit: an initial geometry relaxed with a force field."""

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import MissingDependencyError, MoleculeError
from openmm_mlff.molecules.formats.structure import FileStructure, sorted_bonds
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
_NAME_LENGTH = 40


def structure_from_smiles(smiles: str) -> tuple[FileStructure, str]:
    """Generate a geometry deterministically.

    ETKDGv3 embeds it, MMFF94 relaxes it, or UFF if MMFF94 lacks parameters. The charge is the sum
    of the formal charges; every radical electron is unpaired. A dot separates several molecules.

    Returns:
        The structure, whose title is a safe name from the canonical SMILES, and a description of
        the method.

    Raises:
        MoleculeError: invalid SMILES, or no geometry could be generated.
        MissingDependencyError: RDKit is not installed.
    """
    try:
        from rdkit import Chem, rdBase
    except ImportError as error:
        raise MissingDependencyError(
            f"{SMILES_PREFIX}{smiles} needs RDKit: pip install rdkit, or give a structure file"
        ) from error
    with rdBase.BlockLogs():
        parsed = Chem.MolFromSmiles(smiles.strip())
        if parsed is None or parsed.GetNumAtoms() == 0:
            raise MoleculeError(
                f"{smiles!r} is no SMILES that RDKit can read; expected one like CCO or "
                "CC(=O)[O-], in quotes for the shell"
            )
        molecule = Chem.AddHs(parsed)
        if molecule.GetNumAtoms() > MOST_ATOMS:
            raise MoleculeError(
                f"the SMILES {smiles[:20]!r}... has {molecule.GetNumAtoms()} atoms; expected at "
                f"most {MOST_ATOMS}: give a structure file"
            )
        method = _embed(molecule, smiles=smiles)
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    pairs = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    canonical = Chem.MolToSmiles(parsed)
    structure = FileStructure(
        atomic_numbers=np.array([a.GetAtomicNum() for a in molecule.GetAtoms()], dtype=np.int64),
        positions_angstrom=np.array(molecule.GetConformer().GetPositions(), dtype=np.float64),
        title=_name(canonical),
        charge=Chem.GetFormalCharge(molecule),
        multiplicity=unpaired + 1 if unpaired else None,
        bonds=sorted_bonds(pairs, n_atoms=molecule.GetNumAtoms()),
    )
    return structure, f"SMILES {canonical}, {method}"


def _embed(molecule: "Mol", *, smiles: str) -> str:
    """Add a conformer to the molecule and return the method."""
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

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
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.MMFFOptimizeMolecule(molecule, maxIters=_RELAXATION_STEPS)
        return f"{how}, relaxed with MMFF94"
    if rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
        rdForceFieldHelpers.UFFOptimizeMolecule(molecule, maxIters=_RELAXATION_STEPS)
        return f"{how}, relaxed with UFF"
    return f"{how}, not relaxed: MMFF94 and UFF lack parameters"


def _part_fragments(molecule: "Mol") -> None:
    """Place molecules next to each other along x; they were embedded at the same position."""
    from rdkit.Chem import GetMolFrags

    fragments = GetMolFrags(molecule)
    conformer = molecule.GetConformer()
    positions = np.array(conformer.GetPositions())
    for before, fragment in pairwise(fragments):
        end = positions[list(before), 0].max() + _GAP_ANGSTROM
        positions[list(fragment), 0] += end - positions[list(fragment), 0].min()
    for atom, position in enumerate(positions):
        conformer.SetAtomPosition(atom, position.tolist())


def _name(canonical: str) -> str:
    """Return a name for a SMILES; if symbols were lost, a digest makes it unique."""
    name = safe_name(canonical, otherwise="smiles")
    if name == canonical and len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:6]
    return f"{name[:_NAME_LENGTH].rstrip('._-')}-{digest}"
