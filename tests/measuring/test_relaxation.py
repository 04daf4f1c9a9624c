"""Batched relaxation finds minima, holds angles and agrees with ASE's BFGS."""

import numpy as np
import pytest
from ase.optimize import BFGS

from openmm_mlff.measuring.relaxation import Dihedral, dihedral, relax
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import (
    dihedral_degrees,
    dihedral_gradient,
    rotatable_torsions,
    turned,
)
from openmm_mlff.molecules.turning import HeldDihedral
from openmm_mlff.potentials import load_potential

CENTRES = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [2.0, 1.4, 0.0], [3.4, 1.6, 0.9]])
STIFFNESS = np.array([1.0, 10.0, 40.0])


def anisotropic_springs(positions):
    """Springs of three stiffnesses (eV/Å²) to fixed centres."""
    away = positions - CENTRES
    return 0.5 * (STIFFNESS * away**2).sum((1, 2)), -STIFFNESS * away


def student(molecule):
    potential = load_potential("student:ultra-tiny")

    def evaluate(positions):
        found = potential.evaluate(molecule, positions, precision="double")
        return found.energies_ev, found.forces_ev_per_angstrom

    return potential, evaluate


def test_springs_relax_to_their_centres():
    starts = CENTRES + np.random.default_rng(1).normal(scale=0.5, size=(5, 4, 3))
    found = relax(anisotropic_springs, starts, force_ev_per_angstrom=1e-6, max_steps=200)
    assert found.converged.all()
    assert np.abs(found.positions_angstrom - CENTRES).max() < 1e-5
    assert np.abs(found.energies_ev).max() < 1e-9


def test_too_few_steps_are_not_convergence():
    starts = np.stack([CENTRES, CENTRES + 1.0])
    found = relax(anisotropic_springs, starts, force_ev_per_angstrom=1e-6, max_steps=3)
    assert found.converged.tolist() == [True, False]
    assert found.steps == 3
    energies, forces = anisotropic_springs(found.positions_angstrom)
    np.testing.assert_array_equal(found.energies_ev, energies)
    largest = np.linalg.norm(forces, axis=2).max(1)
    np.testing.assert_allclose(found.largest_force_ev_per_angstrom, largest)


def test_a_refused_geometry_stops_and_leaves_the_others():
    def refuses(positions):
        energies, forces = anisotropic_springs(positions)
        refused = positions[:, 0, 0] > 5.0
        energies[refused], forces[refused] = np.nan, np.nan
        return energies, forces

    starts = np.stack([CENTRES + 0.3, CENTRES + 10.0, CENTRES - 0.3])
    found = relax(refuses, starts, force_ev_per_angstrom=1e-5, max_steps=100)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.energies_ev).tolist() == [False, True, False]


def test_no_geometries():
    found = relax(anisotropic_springs, np.zeros((0, 4, 3)), force_ev_per_angstrom=1.0, max_steps=5)
    assert found.positions_angstrom.shape == (0, 4, 3)
    assert found.steps == 0


def test_dihedral_angles_and_gradients():
    positions = np.random.default_rng(2).normal(size=(6, 5, 3))
    atoms = (4, 0, 2, 3)
    angles, gradients = dihedral(positions, np.tile(atoms, (6, 1)))
    for placed, angle, gradient in zip(positions, angles, gradients, strict=True):
        assert np.degrees(angle) == pytest.approx(dihedral_degrees(placed, atoms=atoms))
        np.testing.assert_allclose(gradient, dihedral_gradient(placed, atoms=atoms), atol=1e-12)


def test_the_minimum_is_that_of_ase():
    molecule = load_system("ethanol")
    potential, evaluate = student(molecule)
    noise = np.random.default_rng(3).normal(scale=0.05, size=(4, molecule.n_atoms, 3))
    starts = molecule.positions_angstrom + noise
    found = relax(evaluate, starts, force_ev_per_angstrom=1e-3, max_steps=300)
    assert found.converged.all()
    atoms = molecule.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    for start, energy in zip(starts, found.energies_ev, strict=True):
        atoms.positions = start
        assert BFGS(atoms, logfile=None).run(fmax=1e-3, steps=300)
        assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-4)


def test_a_held_angle_stays_and_the_rest_relaxes_as_with_ase():
    molecule = load_system("ethanol")
    potential, evaluate = student(molecule)
    torsion = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )[0]
    start = dihedral_degrees(molecule.positions_angstrom, atoms=torsion.atoms)
    turns = np.array([0.0, 30.0, 60.0, 170.0])
    starts = np.stack(
        [turned(molecule.positions_angstrom, torsion=torsion, degrees=t) for t in turns]
    )
    held = Dihedral(np.tile(torsion.atoms, (4, 1)), start + turns)
    found = relax(evaluate, starts, force_ev_per_angstrom=1e-3, max_steps=300, held=held)
    assert found.converged.all()
    atoms = molecule.to_ase()
    atoms.calc = potential.ase_calculator(precision="double")
    for index, degrees in enumerate(start + turns):
        off = dihedral_degrees(found.positions_angstrom[index], atoms=torsion.atoms) - degrees
        assert abs((off + 180.0) % 360.0 - 180.0) < 1e-6
        atoms.set_constraint()
        atoms.positions = starts[index]
        atoms.set_constraint(HeldDihedral(torsion.atoms, degrees=degrees))
        assert BFGS(atoms, logfile=None).run(fmax=1e-3, steps=300)
        assert found.energies_ev[index] == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
