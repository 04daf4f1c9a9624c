import numpy as np
import openmm
import pytest
from openmm import app
from openmmml import MLPotential

from openmm_mlff import units
from openmm_mlff.errors import MoleculeError, PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.openmmml.topology import molecule_of_topology, topology_of


def _added(impl, topology, *, atoms=None, group=0, **args):
    system = openmm.System()
    for _ in topology.atoms():
        system.addParticle(1.0)
    impl.addForces(topology, system, atoms, group, **args)
    return system


def _boxed(topology):
    topology.setPeriodicBoxVectors(np.diag([2.0, 2.5, 3.0]))
    return topology


@pytest.mark.parametrize("precision", ["mixed", "double"])
@pytest.mark.parametrize("name", ["water", "methanol"])
def test_openmm_ml_gives_the_energies_of_the_student(name, precision, request, evaluated):
    molecule = request.getfixturevalue(name)
    positions_nm = units.nm_from_angstrom(molecule.positions_angstrom)
    ours = load_potential("student:tiny").create_system(molecule, precision=precision)

    system = MLPotential("student-tiny").createSystem(topology_of(molecule), precision=precision)

    energy, forces = evaluated(system, positions_nm)
    expected_energy, expected_forces = evaluated(ours, positions_nm)
    assert energy == expected_energy
    np.testing.assert_array_equal(forces, expected_forces)


def test_a_part_is_what_the_molecule_is_alone(water, evaluated):
    placed = units.nm_from_angstrom(water.positions_angstrom)
    topology = topology_of(water, particles=[4, 1, 6])
    everything = np.random.default_rng(1).uniform(size=(7, 3))
    everything[[4, 1, 6]] = placed

    impl = PotentialImpl(load_potential("student:tiny"))
    energy, forces = evaluated(_added(impl, topology, atoms=[4, 1, 6]), everything)

    alone, forces_alone = evaluated(load_potential("student:tiny").create_system(water), placed)
    assert energy == pytest.approx(alone, rel=1e-12)
    np.testing.assert_allclose(forces[[4, 1, 6]], forces_alone, atol=1e-6)
    np.testing.assert_array_equal(forces[[0, 2, 3, 5]], 0.0)


def test_charge_multiplicity_and_precision_reach_the_potential(recording, water):
    impl = PotentialImpl(recording, precision="double")

    _added(impl, topology_of(water))
    _added(impl, topology_of(water), charge=1, multiplicity=2, precision="single")

    plain, asked = recording.asked
    assert (plain[0].charge, plain[0].multiplicity, plain[1]) == (0, 1, "double")
    assert (asked[0].charge, asked[0].multiplicity, asked[1]) == (1, 2, "single")


def test_forces_go_to_the_group_that_was_asked_for(recording, water):
    system = _added(PotentialImpl(recording), topology_of(water), group=7)

    assert [force.getForceGroup() for force in system.getForces()] == [7]


def test_all_atoms_see_the_box_and_a_part_does_not(recording, water):
    impl = PotentialImpl(recording)
    topology = _boxed(topology_of(water, particles=[0, 1, 4]))

    _added(impl, topology)
    _added(impl, topology, atoms=[0, 1, 4])

    np.testing.assert_allclose(recording.asked[0][0].cell_angstrom, np.diag([20.0, 25.0, 30.0]))
    assert recording.asked[1][0].cell_angstrom is None
    assert recording.asked[1][2] == [0, 1, 4]


def test_elements_and_bonds_are_those_of_the_chosen_atoms(water):
    topology = topology_of(water, particles=[4, 1, 6])

    molecule = molecule_of_topology(topology, particles=[6, 4], multiplicity=2)

    assert molecule.atomic_numbers.tolist() == [1, 8]  # the second hydrogen, the oxygen
    assert molecule.bonds == ((0, 1),)


@pytest.mark.parametrize("boxed", [False, True])
def test_no_two_atoms_stand_in_one_place(boxed, methanol):
    topology = topology_of(methanol, particles=range(30, 36))

    molecule = molecule_of_topology(_boxed(topology) if boxed else topology)

    apart = molecule.positions_angstrom[:, None] - molecule.positions_angstrom[None]
    distances = np.linalg.norm(apart, axis=-1) + 10.0 * np.eye(36)
    assert distances.min() > 1.5


def _site():
    topology = app.Topology()
    topology.addAtom("EP", None, topology.addResidue("HOH", topology.addChain()))
    return topology


@pytest.mark.parametrize(
    ("make", "args", "error", "said"),
    [
        (topology_of, {"chrage": 1}, PotentialError, "did you mean 'charge'"),
        (topology_of, {"charge": 1}, MoleculeError, "set charge or multiplicity"),
        (topology_of, {"atoms": []}, PotentialError, "of a topology of 3"),
        (topology_of, {"atoms": [3]}, PotentialError, "of a topology of 3"),
        (topology_of, {"atoms": [-1]}, PotentialError, "of a topology of 3"),
        (lambda _: _site(), {}, PotentialError, r"atom 0 \(EP of HOH\) has no element"),
    ],
)
def test_impossible_atoms_and_arguments_are_refused(recording, water, make, args, error, said):
    with pytest.raises(error, match=said):
        _added(PotentialImpl(recording), make(water), **args)


def test_an_unknown_element_is_refused():
    topology = app.Topology()
    residue = topology.addResidue("SI", topology.addChain())
    topology.addAtom("SI", app.element.silicon, residue)
    with pytest.raises(PotentialError, match="does not know Si"):
        MLPotential("student-tiny").createSystem(topology)


def test_it_is_not_long_ranged(recording):
    assert PotentialImpl(recording).getMLLongRange() is False
