import numpy as np
import pytest
from openmm import app

from openmm_mlff import units
from openmm_mlff.errors import MoleculeError, PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.topology import topology_of

from ..conftest import particles_with


def _added(impl, topology, *, atoms=None, group=0, **args):
    system = particles_with([], topology.getNumAtoms())
    impl.addForces(topology, system, atoms, group, **args)
    return system


def test_a_part_has_the_energy_of_the_isolated_molecule(water, evaluated):
    placed = units.nm_from_angstrom(water.positions_angstrom)
    everything = np.random.default_rng(1).uniform(size=(7, 3))
    everything[[4, 1, 6]] = placed
    impl = PotentialImpl(load_potential("student:tiny"))
    system = _added(impl, topology_of(water, particles=[4, 1, 6]), atoms=[4, 1, 6])
    energy, forces = evaluated(system, everything)
    alone, forces_alone = evaluated(load_potential("student:tiny").create_system(water), placed)
    assert energy == pytest.approx(alone, rel=1e-12)
    np.testing.assert_allclose(forces[[4, 1, 6]], forces_alone, atol=1e-6)
    np.testing.assert_array_equal(forces[[0, 2, 3, 5]], 0.0)


def test_charge_multiplicity_precision_and_group_are_passed_on(recording, water):
    impl = PotentialImpl(recording, precision="double")
    system = _added(impl, topology_of(water), group=7)
    assert [force.getForceGroup() for force in system.getForces()] == [7]
    _added(impl, topology_of(water), charge=1, multiplicity=2, precision="single")
    found = [(one.charge, one.multiplicity, precision) for one, precision, _ in recording.asked]
    assert found == [(0, 1, "double"), (1, 2, "single")]
    assert impl.getMLLongRange() is False


def test_all_atoms_have_the_box_and_a_part_has_none(recording, water):
    impl = PotentialImpl(recording)
    topology = topology_of(water, particles=[0, 1, 4])
    topology.setPeriodicBoxVectors(np.diag([2.0, 2.5, 3.0]))
    _added(impl, topology)
    _added(impl, topology, atoms=[0, 1, 4])
    (whole, *_), (part, _, particles) = recording.asked
    np.testing.assert_allclose(whole.cell_angstrom, np.diag([20.0, 25.0, 30.0]))
    assert part.cell_angstrom is None
    assert particles == [0, 1, 4]


def _site(_):
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
        (_site, {}, PotentialError, r"atom 0 \(EP of HOH\) has no element"),
    ],
)
def test_impossible_atoms_and_arguments_are_refused(recording, water, make, args, error, said):
    with pytest.raises(error, match=said):
        _added(PotentialImpl(recording), make(water), **args)
