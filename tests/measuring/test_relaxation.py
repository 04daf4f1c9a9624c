"""Batched relaxation finds minima, holds angles and agrees with ASE's BFGS."""

from functools import partial

import numpy as np
import pytest
from ase.optimize import BFGS

from openmm_mlff.measuring.relaxation import relax
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.relaxation import HeldDihedral
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions, turned
from openmm_mlff.potentials import Evaluation, load_potential

CENTRES = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [2.0, 1.4, 0.0], [3.4, 1.6, 0.9]])
STIFFNESS = np.array([1.0, 10.0, 40.0])


def anisotropic_springs(positions):
    """Springs of three stiffnesses (eV/Å²) to fixed centres."""
    away = positions - CENTRES
    return Evaluation(0.5 * (STIFFNESS * away**2).sum((1, 2)), -STIFFNESS * away)


def relax_springs(evaluate, starts, **options):
    """Hold the dihedral angle of the centres."""
    atoms = np.tile([0, 1, 2, 3], (len(starts), 1))
    degrees = np.full(len(starts), dihedral_degrees(CENTRES, atoms=(0, 1, 2, 3)))
    return relax(evaluate, starts, atoms=atoms, degrees=degrees, **options)


def test_springs_relax_to_their_centres():
    starts = CENTRES + np.random.default_rng(1).normal(scale=0.5, size=(5, 4, 3))
    found = relax_springs(anisotropic_springs, starts, force_ev_per_angstrom=1e-6, max_steps=200)
    assert found.converged.all()
    assert np.abs(found.positions_angstrom - CENTRES).max() < 1e-5
    assert np.abs(found.energies_ev).max() < 1e-9


def test_too_few_steps_are_not_convergence():
    starts = np.stack([CENTRES, CENTRES + 1.0])
    found = relax_springs(anisotropic_springs, starts, force_ev_per_angstrom=1e-6, max_steps=3)
    assert found.converged.tolist() == [True, False]
    energies_ev = anisotropic_springs(found.positions_angstrom).energies_ev
    np.testing.assert_array_equal(found.energies_ev, energies_ev)


def test_a_refused_geometry_stops_and_leaves_the_others():
    def refuses(positions):
        found = anisotropic_springs(positions)
        found.energies_ev[positions[:, 0, 0] > 5.0] = np.nan
        found.forces_ev_per_angstrom[positions[:, 0, 0] > 5.0] = np.nan
        return found

    starts = np.stack([CENTRES + 0.3, CENTRES + 10.0, CENTRES - 0.3])
    found = relax_springs(refuses, starts, force_ev_per_angstrom=1e-5, max_steps=100)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.energies_ev).tolist() == [False, True, False]


def test_no_geometries():
    found = relax_springs(
        anisotropic_springs, np.zeros((0, 4, 3)), force_ev_per_angstrom=1.0, max_steps=5
    )
    assert found.positions_angstrom.shape == (0, 4, 3)


def test_a_held_angle_stays_and_the_rest_relaxes_as_with_ase():
    molecule = load_system("ethanol")
    potential = load_potential("student:ultra-tiny")
    torsion = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )[0]
    start = dihedral_degrees(molecule.positions_angstrom, atoms=torsion.atoms)
    turns = np.array([0.0, 30.0, 60.0, 170.0])
    starts = np.stack(
        [turned(molecule.positions_angstrom, torsion=torsion, degrees=t) for t in turns]
    )
    found = relax(
        partial(potential.evaluate, molecule, precision="double"),
        starts,
        atoms=np.tile(torsion.atoms, (4, 1)),
        degrees=start + turns,
        force_ev_per_angstrom=1e-3,
        max_steps=300,
    )
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
