import numpy as np
import openmm
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules.electrons import info_of
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.potentials.openmmml.calculator import OpenMMCalculator


@pytest.fixture
def made():
    """Molecules that a System was made of."""
    return []


@pytest.fixture
def calculator(made):
    def create_system(molecule):
        made.append(molecule)
        system = bare_system(molecule)
        force = openmm.CustomBondForce("r^2")
        force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
        force.addBond(0, 1, [])
        system.addForce(force)
        return system

    return OpenMMCalculator(create_system)


def test_it_gives_what_the_ase_path_of_a_student_gives(water):
    potential = load_potential("student:tiny")
    ours, theirs = water.to_ase(), water.to_ase()
    ours.calc = OpenMMCalculator(
        lambda molecule: potential.create_system(molecule, precision="double")
    )
    theirs.calc = potential.ase_calculator(precision="double")

    assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=1e-7)
    np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=1e-7)


def test_one_context_serves_all_geometries(water, calculator, made):
    atoms = water.to_ase()
    atoms.calc = calculator
    energies = []
    for scale in (1.0, 2.0):
        atoms.positions = scale * water.positions_angstrom
        energies.append(atoms.get_potential_energy())

    assert energies[1] == pytest.approx(4.0 * energies[0])
    assert len(made) == 1


def test_atoms_may_come_close_once_the_system_is_made(water, calculator):
    atoms = water.to_ase()
    atoms.calc = calculator
    atoms.get_potential_energy()

    atoms.positions[1] = atoms.positions[0] + [0.01, 0.0, 0.0]

    assert atoms.get_potential_energy() == pytest.approx(1e-6 / 96.485, rel=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        lambda atoms: atoms.set_atomic_numbers([8, 8, 8]),
        lambda atoms: atoms.info.update(info_of(charge=2, multiplicity=1)),
        lambda atoms: atoms.info.update(info_of(charge=0, multiplicity=3)),
        lambda atoms: (atoms.set_cell([9.0, 9.0, 9.0]), atoms.set_pbc(True)),
    ],
)
def test_other_atoms_get_another_system(water, calculator, made, change):
    atoms = water.to_ase()
    calculator.calculate(atoms)
    change(atoms)
    calculator.calculate(atoms)

    assert len(made) == 2
    assert made[1].sha256 != made[0].sha256


def test_the_box_of_the_moment_counts(water, calculator, made):
    atoms = water.to_ase()
    atoms.set_cell([9.0, 9.0, 9.0])
    atoms.set_pbc(True)
    atoms.calc = calculator
    atoms.get_potential_energy()

    atoms.positions[1] = atoms.positions[0] + [9.5, 0.0, 0.0]
    near = atoms.get_potential_energy()
    atoms.set_cell([9.4, 9.0, 9.0])

    assert atoms.get_potential_energy() == pytest.approx(near * (0.1 / 0.5) ** 2, rel=1e-6)
    assert len(made) == 1


def test_a_box_in_some_directions_only_is_refused(water, calculator):
    atoms = water.to_ase()
    atoms.set_cell([9.0, 9.0, 9.0])
    atoms.set_pbc([True, False, False])

    with pytest.raises(PotentialError, match="all or none"):
        calculator.calculate(atoms)


def test_no_atoms_are_refused(calculator):
    with pytest.raises(PotentialError, match="no atoms to compute"):
        calculator.calculate()


def test_what_openmm_cannot_evaluate_is_a_failed_calculation(water):
    def fails(state):
        raise ValueError("not today,\nplease")

    def create_system(molecule):
        system = bare_system(molecule)
        system.addForce(openmm.PythonForce(fails))
        return system

    with pytest.raises(CalculationFailed, match="not today, please"):
        OpenMMCalculator(create_system).calculate(water.to_ase())
