"""Potentials that are a whole System: one Context for all geometries of the same atoms."""

import openmm
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules.electrons import info_of
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.potentials.engine import SystemPotential


class Spring(SystemPotential):
    """r² of the first two atoms, kJ/mol, nm; keeps the molecules of which a System was made."""

    spec = name = "spring"

    def __init__(self):
        self.made = []

    def create_system(self, molecule, *, precision="mixed"):
        self.made.append(molecule)
        system = bare_system(molecule)
        force = openmm.CustomBondForce("r^2")
        force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
        force.addBond(0, 1, [])
        system.addForce(force)
        return system


class Failing(Spring):
    def create_system(self, molecule, *, precision="mixed"):
        system = bare_system(molecule)
        system.addForce(openmm.PythonForce(_fail))
        return system


def _fail(state):
    raise ValueError("not today,\nplease")


@pytest.fixture
def spring():
    return Spring()


@pytest.fixture
def atoms(water, spring):
    atoms = water.to_ase()
    atoms.calc = spring.ase_calculator(precision="double")
    return atoms


def in_a_box(atoms):
    atoms.set_cell([9.0, 9.0, 9.0])
    atoms.set_pbc(True)


def test_one_context_serves_all_geometries_in_ase_and_without(water, atoms, spring):
    energies = []
    for scale in (1.0, 2.0):
        atoms.positions = scale * water.positions_angstrom
        energies.append(atoms.get_potential_energy())
    # Atoms may be close once the System is made.
    atoms.positions[1] = atoms.positions[0] + [0.01, 0.0, 0.0]
    assert energies[1] == pytest.approx(4.0 * energies[0])
    assert atoms.get_potential_energy() == pytest.approx(1e-6 / 96.485, rel=1e-3)
    found = spring.evaluate(water, water.positions_angstrom[None], precision="double")
    assert found.energies_ev[0] == pytest.approx(energies[0])
    assert len(spring.made) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda atoms: atoms.set_atomic_numbers([8, 8, 8]),
        lambda atoms: atoms.info.update(info_of(charge=2, multiplicity=1)),
        lambda atoms: atoms.info.update(info_of(charge=0, multiplicity=3)),
        in_a_box,
    ],
)
def test_other_atoms_get_another_system(atoms, spring, change):
    atoms.calc.calculate(atoms)
    change(atoms)
    atoms.calc.calculate(atoms)
    assert len({molecule.sha256 for molecule in spring.made}) == len(spring.made) == 2


def test_the_current_box_is_used(atoms, spring):
    in_a_box(atoms)
    atoms.get_potential_energy()
    atoms.positions[1] = atoms.positions[0] + [9.5, 0.0, 0.0]
    near = atoms.get_potential_energy()
    atoms.set_cell([9.4, 9.0, 9.0])
    assert atoms.get_potential_energy() == pytest.approx(near * (0.1 / 0.5) ** 2, rel=1e-6)
    assert len(spring.made) == 1


def test_a_failure_in_openmm_and_what_cannot_be_described_are_refused(water, atoms, spring):
    with pytest.raises(EvaluationRefusedError, match="not today, please"):
        Failing().evaluate(water, water.positions_angstrom[None])
    with pytest.raises(CalculationFailed, match="not today, please"):
        Failing().ase_calculator().calculate(atoms)
    with pytest.raises(PotentialError, match="use create_system"):
        spring.create_forces(water)
