import numpy as np
import openmm
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.potentials.mixed import MixedSettings
from openmm_mlff.reporters.quantities import degrees_of_freedom, masses_amu
from openmm_mlff.units import nm_from_angstrom


def _evaluated(potential, molecule, positions):
    found = potential.evaluate(molecule, positions[None], precision="double")
    return found.energies_ev[0], found.forces_ev_per_angstrom[0]


def test_it_is_the_force_field_with_the_part_replaced(mixed, droplet):
    potential = mixed()
    energy_ev, forces = _evaluated(potential, droplet, droplet.positions_angstrom)
    part = potential.ml_part(droplet)
    all_ev, expected = Engine(potential.mm_system(droplet), precision="double").evaluate(
        droplet.positions_angstrom
    )
    inside_ev, inside = Engine(potential.mm_system_of_part(), precision="double").evaluate(
        part.positions_angstrom
    )
    learned = potential.ml_potential.evaluate(
        part, part.positions_angstrom[None], precision="double"
    )
    assert energy_ev == pytest.approx(all_ev - inside_ev + learned.energies_ev[0], abs=1e-8)
    expected[:9] += learned.forces_ev_per_angstrom[0] - inside
    np.testing.assert_allclose(forces, expected, atol=1e-8)


@pytest.mark.parametrize("atom", [1, 8, 9, 20])
def test_forces_are_the_slope_on_both_sides(mixed, droplet, atom):
    potential = mixed()
    _, forces = _evaluated(potential, droplet, droplet.positions_angstrom)
    step = 1e-3
    for axis in range(3):
        moved = np.repeat(droplet.positions_angstrom[None], 2, axis=0)
        moved[:, atom, axis] += [step, -step]
        up, down = potential.evaluate(droplet, moved, precision="double").energies_ev
        assert -(up - down) / (2 * step) == pytest.approx(forces[atom, axis], abs=2e-4)


def test_the_parts_feel_each_other(mixed, droplet):
    potential = mixed()
    apart = droplet.positions_angstrom.copy()
    apart[9:] += 1000.0
    near, _ = _evaluated(potential, droplet, droplet.positions_angstrom)
    far, _ = _evaluated(potential, droplet, apart)
    # Four waters around a solute bind it by some tenths of an eV.
    assert 0.1 < far - near < 2.0


def test_the_order_of_the_selection_does_not_matter(mixed, droplet):
    energy_ev, _ = _evaluated(mixed(), droplet, droplet.positions_angstrom)
    turned, _ = _evaluated(mixed(ml_atoms=np.arange(9)[::-1]), droplet, droplet.positions_angstrom)
    assert turned == pytest.approx(energy_ev, abs=1e-12)


def test_what_decides_the_energy_decides_the_hash(mixed):
    first = mixed()
    assert mixed().sha256 == first.sha256
    assert mixed(settings=MixedSettings(rigid_water=False)).sha256 != first.sha256
    assert mixed(ml_atoms=np.arange(12)).sha256 != first.sha256
    assert first.name == "ultra-tiny-in-mm"
    assert not first.composition_is_free
    assert not first.box_is_free
    assert first.has_force_field


def test_it_cannot_be_added_to_another_system(mixed, droplet):
    with pytest.raises(PotentialError, match="use create_system"):
        mixed().create_forces(droplet)


def test_an_element_that_the_student_does_not_know_is_said_early(mixed, droplet):
    potential = mixed()
    potential.ml_potential.elements = frozenset({1, 6})
    with pytest.raises(PotentialError, match="does not know O"):
        potential.check_molecule(droplet)
    # An unknown element of the force field's part is none of the student's business.
    potential.ml_potential.elements = frozenset({1, 6, 8})
    potential.check_molecule(droplet)


def test_another_box_is_another_system(mixed, box_topology, box):
    potential = mixed(box_topology)
    larger = box.with_cell(21.0 * np.eye(3))
    first, _ = _evaluated(potential, box, box.positions_angstrom)
    second, _ = _evaluated(potential, larger, box.positions_angstrom)
    again, _ = _evaluated(potential, box, box.positions_angstrom)
    assert abs(second - first) > 0.01
    assert again == first


@pytest.mark.parametrize(
    "cell", [20.0 * np.eye(3), np.array([[20.0, 0, 0], [6.0, 21.0, 0], [-5.0, 4.0, 22.0]])]
)
def test_atoms_in_other_images_are_the_same_atoms(mixed, droplet, cell):
    potential, boxed = mixed(), droplet.with_cell(cell)
    energy_ev, forces = _evaluated(potential, boxed, droplet.positions_angstrom)
    shifts = np.random.default_rng(2).integers(-2, 3, size=(droplet.n_atoms, 3))
    again, same = _evaluated(potential, boxed, droplet.positions_angstrom + shifts @ cell)
    assert again == pytest.approx(energy_ev, abs=1e-6)
    np.testing.assert_allclose(same, forces, atol=1e-6)


def test_ase_gets_what_the_potential_evaluates(mixed, droplet):
    potential = mixed()
    atoms = droplet.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    energy_ev, forces = _evaluated(potential, droplet, droplet.positions_angstrom)
    assert atoms.get_potential_energy() == pytest.approx(energy_ev, abs=1e-10)
    np.testing.assert_allclose(atoms.get_forces(), forces, atol=1e-10)


@pytest.fixture(scope="module")
def heavy(box_topology):
    """0.2 ps of NVE of the box with hydrogens of 3 amu in ethanol and rigid water."""
    from openmm_mlff.molecules import load_system, systems_root
    from openmm_mlff.potentials.mixed import MixedPotential

    box = load_system("ethanol_in_water")
    files = (str(systems_root() / "ethanol_in_water" / "ethanol.xml"), "amber14/tip3p.xml")
    system = MixedPotential(
        load_potential("student:ultra-tiny"),
        box_topology,
        ml_atoms=np.arange(9),
        forcefield=files,
        settings=MixedSettings(hydrogen_mass_amu=3.0),
    ).create_system(box)
    integrator = openmm.VerletIntegrator(0.001)
    integrator.setConstraintTolerance(1e-6)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("CPU"))
    context.setPositions(nm_from_angstrom(box.positions_angstrom))
    context.applyConstraints(1e-6)
    context.setVelocitiesToTemperature(150.0, 1)
    totals = []
    for _ in range(8):
        integrator.step(25)
        state = context.getState(energy=True)
        totals.append(state.getPotentialEnergy()._value + state.getKineticEnergy()._value)
    positions = context.getState(positions=True).getPositions(asNumpy=True)._value
    return system, positions, np.array(totals)


def test_constraints_hold_in_nve(heavy):
    system, positions, _ = heavy
    count = system.getNumConstraints()
    assert count == 3 * 244
    for index in range(count):
        first, second, length = system.getConstraintParameters(index)
        assert np.linalg.norm(positions[first] - positions[second]) == pytest.approx(
            length._value, rel=1e-5
        )


def test_energy_is_conserved_in_nve(heavy):
    _, _, totals_kj_per_mol = heavy
    # Kinetic energy is some 500 kJ/mol.
    assert np.ptp(totals_kj_per_mol) < 2.0


def test_masses_are_repartitioned_in_the_part_and_not_in_rigid_water(heavy):
    system, _, _ = heavy
    masses = masses_amu(system)
    np.testing.assert_allclose(masses[3:9], 3.0)
    assert masses[:9].sum() == pytest.approx(2 * 12.011 + 15.999 + 6 * 1.008)
    np.testing.assert_allclose(masses[10::3], 1.008, atol=1e-3)
    assert degrees_of_freedom(system) == 3 * 741 - 3 * 244
