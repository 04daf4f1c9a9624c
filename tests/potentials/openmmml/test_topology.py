import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.openmmml.topology import topology_of


def _numbers(topology):
    return [atom.element.atomic_number for atom in topology.atoms()]


def _bonds(topology):
    return {(bond[0].index, bond[1].index) for bond in topology.bonds()}


def test_a_molecule_alone(methanol):
    topology = topology_of(methanol)

    assert _numbers(topology) == methanol.atomic_numbers.tolist()
    assert _bonds(topology) == set(methanol.bonds)
    assert topology.getPeriodicBoxVectors() is None


def test_a_molecule_within_a_system_stands_where_its_particles_are(water):
    topology = topology_of(water, particles=[5, 0, 3])

    assert topology.getNumAtoms() == 6
    assert _numbers(topology)[5] == 8
    assert _bonds(topology) == {(5, 0), (5, 3)}


def test_a_box_is_given_in_nm(water):
    boxed = MolecularSystem(
        "box", water.atomic_numbers, water.positions_angstrom, cell_angstrom=np.diag([9.0, 10, 11])
    )

    box = topology_of(boxed).getPeriodicBoxVectors()

    np.testing.assert_allclose(np.array(box._value), np.diag([0.9, 1.0, 1.1]))
