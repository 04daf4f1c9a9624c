"""Topologies for openmm-ml, which reads elements, bonds and the box from them."""

from collections.abc import Sequence

from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm

_NAME = "MOL"
_BYSTANDER = app.element.hydrogen


def topology_of(
    molecule: MolecularSystem, *, particles: Sequence[int] | None = None
) -> app.Topology:
    """Return the topology of a molecule, alone or within a larger System.

    ``particles``, (N,): indices of its atoms in the System; None for its own order. The topology
    ends with the last of them; other atoms are unknown and represented by hydrogens.
    """
    places = list(range(molecule.n_atoms)) if particles is None else list(particles)
    number_at = dict(zip(places, molecule.atomic_numbers.tolist(), strict=True))
    topology = app.Topology()
    if molecule.cell_angstrom is not None:
        topology.setPeriodicBoxVectors(openmm_box_nm(molecule.cell_angstrom))
    residue = topology.addResidue(_NAME, topology.addChain())
    for index in range(max(places) + 1):
        number = number_at.get(index)
        element = app.Element.getByAtomicNumber(number) if number else _BYSTANDER
        topology.addAtom(f"{element.symbol}{index + 1}", element, residue)
    atoms = list(topology.atoms())
    for first, second in molecule.bonds:
        topology.addBond(atoms[places[first]], atoms[places[second]])
    return topology
