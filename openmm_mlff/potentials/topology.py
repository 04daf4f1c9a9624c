"""Molecules as OpenMM topologies, and topologies as molecules."""

from collections.abc import Container, Sequence

import numpy as np
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm

_BYSTANDER = app.element.hydrogen
_GRID_SPACING_ANGSTROM = 2.0


def topology_of(
    molecule: MolecularSystem,
    *,
    particles: Sequence[int] | None = None,
    residue_starts: Container[int] = (),
    residue_name: str = "MOL",
) -> app.Topology:
    """Return the topology of a molecule, alone or within a larger System.

    It has one chain, atoms named by element and one-based index, e.g. C1, H5, the bonds, and the
    box. ``particles``, (N,): indices of its atoms in the System; None for its own order. The
    topology ends with the last of them; other atoms are unknown and represented by hydrogens.
    ``residue_starts``: atoms besides the first with which a residue begins.
    """
    places = list(range(molecule.n_atoms)) if particles is None else list(particles)
    number_at = dict(zip(places, molecule.atomic_numbers.tolist(), strict=True))
    topology = app.Topology()
    if molecule.cell_angstrom is not None:
        topology.setPeriodicBoxVectors(openmm_box_nm(molecule.cell_angstrom))
    residue = topology.addResidue(residue_name, topology.addChain())
    for index in range(max(places) + 1):
        if index and index in residue_starts:
            residue = topology.addResidue(residue_name, residue.chain)
        number = number_at.get(index)
        element = app.Element.getByAtomicNumber(number) if number else _BYSTANDER
        topology.addAtom(f"{element.symbol}{index + 1}", element, residue)
    atoms = list(topology.atoms())
    for first, second in molecule.bonds:
        topology.addBond(atoms[places[first]], atoms[places[second]])
    return topology


def molecule_of_topology(
    topology: app.Topology,
    *,
    particles: Sequence[int] | None = None,
    charge: int = 0,
    multiplicity: int = 1,
    keeps_box: bool = False,
) -> MolecularSystem:
    """Return a molecule with some atoms of a topology, by default all, at positions on a grid.

    It has the box if all atoms are used, or if ``keeps_box``. The charge is in e.

    Raises:
        PotentialError: an atom does not exist or has no element.
    """
    everything = list(topology.atoms())
    chosen = range(len(everything)) if particles is None else particles
    if not chosen or min(chosen) < 0 or max(chosen) >= len(everything):
        raise PotentialError(
            f"cannot select atoms {list(chosen)[:8]} of a topology of {len(everything)}; expected "
            "indices from 0: correct the list of atoms"
        )
    numbers = [_atomic_number(everything[index]) for index in chosen]
    boxed = keeps_box or len(set(chosen)) == len(everything)
    box = topology.getPeriodicBoxVectors() if boxed else None
    cell = None if box is None else np.array(box.value_in_unit(unit.angstrom))
    return MolecularSystem(
        name="topology",
        atomic_numbers=np.array(numbers),
        positions_angstrom=_grid(len(numbers), cell_angstrom=cell),
        charge=int(charge),
        multiplicity=int(multiplicity),
        source="an OpenMM topology",
        bonds=_bonds(topology, chosen),
        cell_angstrom=cell,
    )


def _atomic_number(atom: app.topology.Atom) -> int:
    if atom.element is None:
        raise PotentialError(
            f"atom {atom.index} ({atom.name} of {atom.residue.name}) has no element; expected one "
            "for each atom: a site without mass cannot be described by a machine-learned potential"
        )
    return int(atom.element.atomic_number)


def _bonds(topology: app.Topology, chosen: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the bonds among the selected atoms, as positions in the selection."""
    place = {index: position for position, index in enumerate(chosen)}
    pairs = ((place.get(bond[0].index), place.get(bond[1].index)) for bond in topology.bonds())
    return tuple(
        sorted((min(i, j), max(i, j)) for i, j in pairs if i is not None and j is not None)
    )


def _grid(n_atoms: int, *, cell_angstrom: np.ndarray | None) -> np.ndarray:
    """Return distinct positions, (N, 3), Å, on a cubic grid or distributed over the box."""
    per_side = int(np.ceil(np.cbrt(n_atoms)))
    places = np.stack(np.unravel_index(np.arange(n_atoms), (per_side,) * 3), axis=1)
    if cell_angstrom is None:
        return places * _GRID_SPACING_ANGSTROM
    return places / per_side @ cell_angstrom
