"""Molecules of other Python packages: written as text of a structure format, read like a file.

Nothing is imported before an object of that package is given.
"""

import hashlib
import io
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.formats.frames import structure_of_atoms
from openmm_mlff.molecules.formats.structure import BadStructureError
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.molecules.system import MolecularSystem

EXPECTED = (
    "a library name, a path, smiles:SMILES, an ase.Atoms, an RDKit Mol with coordinates, a "
    "MolecularSystem, or an OpenMM topology with positions: (topology, positions), a PDBFile or a "
    "Modeller"
)


@dataclass(frozen=True)
class ObjectFile:
    """An object as a file.

    Attributes:
        name: of the molecule, safe as that of a file.
        suffix: of the format.
        text: content.
    """

    name: str
    suffix: str
    text: str

    @property
    def sha256(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def file_of_object(given: Any) -> ObjectFile:
    """Convert an object to a file: extended XYZ, SDF or mmCIF."""
    if isinstance(given, MolecularSystem):
        return _of_molecule(given)
    if _is_instance_of(given, "ase", "Atoms"):
        return _of_atoms(given)
    if _is_instance_of(given, "rdkit.Chem", "Mol"):
        return _of_mol(given)
    # A `PDBFile`, `PDBxFile` or `Modeller` has both as attributes.
    topology, positions = (
        given
        if isinstance(given, tuple) and len(given) == 2
        else (getattr(given, "topology", None), getattr(given, "positions", None))
    )
    if is_topology(topology) and positions is not None:
        return _of_topology(topology, positions)
    raise MoleculeError(f"{described(given)} is not a system; expected {EXPECTED}")


def is_topology(given: Any) -> bool:
    """Check whether an object is an OpenMM topology."""
    return _is_instance_of(given, "openmm.app", "Topology")


def _is_instance_of(given: Any, module: str, name: str) -> bool:
    """Check for a class of a module, which was imported if there is such an object."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(given, getattr(loaded, name))


def packages_of(given: Any) -> set[str]:
    """Return the packages in which the type of an object and its bases are defined."""
    return {made.__module__.partition(".")[0] for made in type(given).__mro__}


def described(given: Any) -> str:
    """Return the type of an object for messages, e.g. ``a float (2.0)``."""
    if isinstance(given, type):
        return f"the class {given.__name__}"
    shown = f" ({given!r})" if isinstance(given, (int, float, complex, type(None))) else ""
    return f"an object of type {type(given).__name__}{shown}"


def _of_molecule(molecule: MolecularSystem) -> ObjectFile:
    again = MolecularSystem(
        name=molecule.name,
        atomic_numbers=molecule.atomic_numbers,
        positions_angstrom=molecule.positions_angstrom,
        charge=molecule.charge,
        multiplicity=molecule.multiplicity,
        cell_angstrom=molecule.cell_angstrom,
    )
    if again.bonds != molecule.bonds:
        raise MoleculeError(
            f"the bonds of {molecule.name} are not those of its covalent radii, which is all that "
            "can be passed on; name the file that it was loaded from"
        )
    return _of_atoms(molecule.to_ase())


def _of_atoms(atoms: Any) -> ObjectFile:
    """Write what is read of ``ase.Atoms``; other arrays and entries may have any type."""
    from ase import Atoms
    from ase.io.extxyz import write_xyz

    structure = structure_of_atoms(atoms)
    electrons = {"charge": structure.charge, "multiplicity": structure.multiplicity}
    plain = Atoms(
        numbers=structure.atomic_numbers,
        positions=structure.positions_angstrom,
        cell=structure.cell_angstrom,
        pbc=structure.cell_angstrom is not None,
        masses=structure.masses_amu,
        info={name: value for name, value in electrons.items() if value is not None},
    )
    written = io.StringIO()
    columns = ["symbols", "positions", *(["masses"] if plain.has("masses") else [])]
    write_xyz(written, plain, columns=columns, write_results=False)
    formula = str(plain.get_chemical_formula("hill")) or "molecule"
    name = safe_name(str(atoms.info.get("name", "")), otherwise=formula)
    return ObjectFile(name, ".extxyz", written.getvalue())


def _of_mol(molecule: Any) -> ObjectFile:
    from rdkit import Chem
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    if not molecule.GetNumConformers() or not molecule.GetConformer().Is3D():
        raise BadStructureError(
            "the RDKit Mol has no 3D coordinates; embed it, or name it by its SMILES: "
            f"smiles:{Chem.MolToSmiles(Chem.RemoveHs(molecule, sanitize=False))}"
        )
    title = molecule.GetProp("_Name") if molecule.HasProp("_Name") else ""
    name = safe_name(title, otherwise=safe_name(CalcMolFormula(molecule), otherwise="molecule"))
    return ObjectFile(name, ".sdf", f"{Chem.MolToMolBlock(molecule)}$$$$\n")


def _of_topology(topology: Any, positions: Any) -> ObjectFile:
    from ase import Atoms
    from openmm.app import PDBxFile
    from openmm.unit import angstrom, is_quantity

    if not is_quantity(positions):
        raise BadStructureError(
            "the positions of the topology have no unit; expected an OpenMM quantity, e.g. "
            "positions * openmm.unit.nanometer"
        )
    atoms = list(topology.atoms())
    for atom in atoms:
        if atom.element is None:
            raise BadStructureError(
                f"particle {atom.index} ({atom.name} of {atom.residue.name} {atom.residue.id}) of "
                "the topology has no element; virtual sites and Drude particles are not atoms: "
                "remove them (Modeller.delete)"
            )
    placed = np.asarray(positions.value_in_unit(angstrom), dtype=np.float64)
    if placed.shape != (len(atoms), 3) or not np.isfinite(placed).all():
        raise BadStructureError(
            f"the positions of the topology have shape {placed.shape}; expected finite ones of "
            f"shape {(len(atoms), 3)}"
        )
    written = io.StringIO()
    named = [one.id for one in (*topology.chains(), *topology.residues())]
    PDBxFile.writeFile(topology, placed, written, keepIds=all(len(id.split()) == 1 for id in named))
    # OpenMM writes the date, but the same object must be the same file.
    lines = [line for line in written.getvalue().splitlines() if not line.startswith("# Created")]
    # OpenMM writes no formal charges. The atoms are the last lines, with a value for each tag.
    tags = [line.strip() for line in lines if line.startswith("_atom_site.")]
    column = tags.index("_atom_site.pdbx_formal_charge")
    for row, atom in enumerate(atoms, start=len(lines) - len(atoms)):
        if atom.formalCharge:
            values = lines[row].split()
            values[column] = str(atom.formalCharge)
            lines[row] = " ".join(values)
    formula = Atoms([atom.element.symbol for atom in atoms]).get_chemical_formula("hill")
    return ObjectFile(safe_name(formula, otherwise="molecule"), ".cif", "\n".join(lines) + "\n")
