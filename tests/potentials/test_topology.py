import numpy as np
import pytest

from openmm_mlff.potentials.topology import molecule_of_topology, topology_of


def test_a_topology_has_elements_bonds_and_box_where_its_particles_are(methanol, water):
    def content(topology):
        bonds = {(bond[0].index, bond[1].index) for bond in topology.bonds()}
        return [atom.element.atomic_number for atom in topology.atoms()], bonds

    topology = topology_of(methanol)
    assert content(topology) == (methanol.atomic_numbers.tolist(), set(methanol.bonds))
    assert topology.getPeriodicBoxVectors() is None
    numbers, bonds = content(topology_of(water, particles=[5, 0, 3]))
    assert (len(numbers), numbers[5], bonds) == (6, 8, {(5, 0), (5, 3)})
    box = topology_of(water.with_cell(np.diag([9.0, 10, 11]))).getPeriodicBoxVectors()
    np.testing.assert_allclose(np.array(box._value), np.diag([0.9, 1.0, 1.1]))


def test_a_molecule_of_a_topology_has_the_chosen_atoms_and_their_bonds(water):
    topology = topology_of(water, particles=[4, 1, 6])
    molecule = molecule_of_topology(topology, particles=[6, 4], multiplicity=2)
    assert molecule.atomic_numbers.tolist() == [1, 8]  # the second hydrogen, the oxygen
    assert molecule.bonds == ((0, 1),)


@pytest.mark.parametrize("boxed", [False, True])
def test_no_two_atoms_have_the_same_position(boxed, methanol):
    topology = topology_of(methanol, particles=range(30, 36))
    if boxed:
        topology.setPeriodicBoxVectors(np.diag([2.0, 2.5, 3.0]))
    positions = molecule_of_topology(topology).positions_angstrom
    distances = np.linalg.norm(positions[:, None] - positions, axis=-1) + 10.0 * np.eye(36)
    assert distances.min() > 1.5
