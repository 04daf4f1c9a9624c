import numpy as np
import pytest
from ase import Atoms

from openmm_mlff.errors import PlatformError, PotentialError


def test_forces_are_the_slope_of_the_energy(models, load, water):
    atoms = water.to_ase()
    atoms.calc = load(models.Springs()).ase_calculator()
    forces = atoms.get_forces()
    for atom, axis in [(0, 1), (2, 0)]:
        energies = []
        for step in (-1e-4, 1e-4):
            moved = atoms.copy()
            moved.calc = atoms.calc
            moved.positions[atom, axis] += step
            energies.append(moved.get_potential_energy())
        slope = (energies[1] - energies[0]) / 2e-4
        assert forces[atom, axis] == pytest.approx(-slope, rel=1e-5)


def test_the_box_is_given_to_the_file(models, load, water_box):
    atoms = water_box.to_ase()
    atoms.calc = load(models.SpringsInABox()).ase_calculator()
    energy = atoms.get_potential_energy()
    atoms.positions[1] += atoms.cell[0]
    assert atoms.get_potential_energy() == pytest.approx(energy)
    atoms.set_cell(np.diag([5.0, 7.0, 8.0]))
    assert atoms.get_potential_energy() != pytest.approx(energy)


def test_atoms_without_a_box_are_refused_where_one_is_needed(models, load, water):
    atoms = water.to_ase()
    atoms.calc = load(models.SpringsInABox()).ase_calculator()
    with pytest.raises(PotentialError, match="needs box vectors"):
        atoms.get_potential_energy()


def test_it_names_atoms_that_the_file_does_not_accept(models, load):
    atoms = Atoms("H4", positions=np.eye(4, 3) * 2.0)
    atoms.calc = load(models.ThreeAtoms()).ase_calculator()
    with pytest.raises(PotentialError, match="does not accept the 4 atoms of H4"):
        atoms.get_potential_energy()


def test_a_device_that_is_not_there_is_said(models, load):
    with pytest.raises(PlatformError):
        load(models.Springs()).ase_calculator(device="abacus")


def test_without_atoms_it_says_so(models, load):
    with pytest.raises(PotentialError, match="no atoms"):
        load(models.Springs()).ase_calculator().calculate()
