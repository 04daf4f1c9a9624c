"""Coordinates of a prepared system, and the molecule that they make of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from openmm import app, unit

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.assembly import build_system
from openmm_mlff.molecules.boxes import Floats
from openmm_mlff.molecules.electrons import lowest_multiplicity
from openmm_mlff.molecules.formats.structure import FileStructure, sorted_bonds
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.potentials.mixed.prepared import PreparedSystem
from openmm_mlff.potentials.mixed.structure import (
    atom_label,
    bonds_of_atoms,
    particle_numbers,
    places_of_atoms,
)
from openmm_mlff.potentials.serialised import deserialize
from openmm_mlff.storage.files import MOST_STRUCTURE_BYTES, check_file_size
from openmm_mlff.storage.text import one_line

COORDINATES = "inpcrd, rst7, crd, gro, PDB, mmCIF or an OpenMM state.xml"
"""What is read here, for messages."""


@dataclass(frozen=True)
class Coordinates:
    """Content of a file of coordinates.

    Attributes:
        positions_angstrom: of P particles, or of the atoms among them, (P, 3), Å.
        cell_angstrom: (3, 3), rows; None without a box.
        topology: of a format that has one.
    """

    positions_angstrom: Floats
    cell_angstrom: Floats | None
    topology: app.Topology | None = None


def prepared_molecule(
    prepared: PreparedSystem,
    path: Path,
    *,
    name: str | None = None,
    charge: int | None = None,
    multiplicity: int | None = None,
    is_isolated: bool = False,
) -> MolecularSystem:
    """Return the atoms of a prepared system, without virtual sites.

    ``path`` is a file of any of :data:`COORDINATES`. The box is that of the coordinates, else that
    of the topology, or ignored if ``is_isolated``, as implicit solvent needs none. By default the
    name is that of the file, the charge that of the force field, and the multiplicity the lowest.

    Raises:
        MoleculeError: the file cannot be read, or belongs to other atoms.
    """
    found = read_coordinates(path)
    topology = prepared.topology
    numbers = particle_numbers(topology)
    rows = np.flatnonzero(numbers)
    count = len(found.positions_angstrom)
    if count not in (len(rows), topology.getNumAtoms()):
        raise MoleculeError(
            f"{path} has {count} positions, but {prepared.files[0]} {topology.getNumAtoms()} "
            "particles; expected coordinates of that system"
        )
    _check_elements(path, found.topology, topology)
    positions = found.positions_angstrom
    numbers = numbers[rows]
    total = prepared.charge if charge is None else charge
    box = topology.getPeriodicBoxVectors()
    cell = None if is_isolated else found.cell_angstrom
    if box is None and prepared.decides_box:
        cell = None
    elif box is not None and cell is None and not is_isolated:
        cell = _angstrom(box)
    structure = FileStructure(
        atomic_numbers=numbers,
        positions_angstrom=positions if count == len(rows) else positions[rows],
        bonds=_bonds(topology),
        cell_angstrom=cell,
    )
    return build_system(
        structure,
        name=safe_name(name or path.stem, otherwise="molecule"),
        source=f"files {', '.join(Path(one).name for one in prepared.files)} and {path.name}",
        charge=total,
        multiplicity=multiplicity or lowest_multiplicity(numbers, charge=total),
    )


def read_coordinates(path: Path) -> Coordinates:
    """Read positions and box of a file of any of :data:`COORDINATES`."""
    try:
        check_file_size(path, most_bytes=MOST_STRUCTURE_BYTES)
        return _read(path)
    # OpenMM's readers raise exceptions of many types, bare ones too, for invalid files.
    except Exception as error:
        raise MoleculeError(
            f"{path}: cannot be read as coordinates ("
            f"{one_line(error, with_type=True)}); expected {COORDINATES}"
        ) from error


def _read(path: Path) -> Coordinates:
    name, suffix, topology = str(path), path.suffix.lower(), None
    read: Any
    if suffix in (".crd", ".cor") and path.read_bytes()[:1] == b"*":
        return Coordinates(_angstrom(app.CharmmCrdFile(name).positions), None)
    if suffix == ".xml":
        read = deserialize(path.read_text(encoding="utf-8"), expected="State")
        positions, box = read.getPositions(), read.getPeriodicBoxVectors()
    elif suffix == ".gro":
        read = app.GromacsGroFile(name)
        positions, box = read.positions, read.getPeriodicBoxVectors()
    elif suffix in (".pdb", ".cif", ".mmcif"):
        read = (app.PDBFile if suffix == ".pdb" else app.PDBxFile)(name)
        positions, topology = read.positions, read.topology
        box = topology.getPeriodicBoxVectors()
    else:
        read = app.AmberInpcrdFile(name)
        positions, box = read.positions, read.boxVectors
    return Coordinates(_angstrom(positions), _cell(box), topology)


def _angstrom(vectors: Any) -> Floats:
    return np.array(vectors.value_in_unit(unit.angstrom), dtype=np.float64).reshape(-1, 3)


def _cell(box: Any) -> Floats | None:
    """Return box vectors, (3, 3), Å; None without a box, which GROMACS writes as zeros."""
    cell = None if box is None else _angstrom(box)
    return cell if cell is not None and np.abs(np.linalg.det(cell)) > 0.0 else None


def _check_elements(path: Path, named: app.Topology | None, topology: app.Topology) -> None:
    """Raise if the elements of a file that has them are those of other atoms."""
    if named is None:
        return
    known = list(topology.atoms())
    if named.getNumAtoms() != len(known):
        known = [atom for atom in known if atom.element is not None]
    for atom, expected in zip(named.atoms(), known, strict=True):
        if None not in (atom.element, expected.element) and atom.element != expected.element:
            raise MoleculeError(
                f"{path}: {atom_label(atom)} is {atom.element.symbol}, but the force field has "
                f"{expected.element.symbol} there, {atom_label(expected)}; expected the same "
                "atoms in the same order"
            )


def _bonds(topology: app.Topology) -> tuple[tuple[int, int], ...]:
    """Return the bonds between atoms, numbered without sites.

    Left out are those that make rigid water a triangle: between hydrogens bonded to another atom.
    """
    numbers, pairs = particle_numbers(topology), bonds_of_atoms(topology)
    ends = numbers[pairs]
    bonded = pairs[ends[:, 0] != ends[:, 1]]
    is_third_side = (ends == 1).all(axis=1) & np.isin(pairs, bonded).all(axis=1)
    places = places_of_atoms(topology)
    return sorted_bonds(places[pairs[~is_third_side]].tolist(), n_atoms=int((numbers > 0).sum()))
