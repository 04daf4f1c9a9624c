"""Batched relaxation finds minima, holds angles and agrees with ASE's BFGS."""

from functools import partial

import numpy as np
import pytest
from ase.optimize import BFGS

from openmm_mlff.measuring.relaxation import relax
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import (
    HeldDihedral,
    dihedral_degrees,
    rotatable_torsions,
    turned,
)
from openmm_mlff.potentials import Evaluation, load_potential

CENTRES = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [2.0, 1.4, 0.0], [3.4, 1.6, 0.9]])
STIFFNESS = np.array([1.0, 10.0, 40.0])


def springs(positions):
    """Springs of three stiffnesses (eV/Å²) to fixed centres; far geometries are refused."""
    away = positions - CENTRES
    energies_ev, forces = 0.5 * (STIFFNESS * away**2).sum((1, 2)), -STIFFNESS * away
    refused = positions[:, 0, 0] > 5.0
    energies_ev[refused], forces[refused] = np.nan, np.nan
    return Evaluation(energies_ev, forces)


@pytest.mark.parametrize(
    ("shifts", "max_steps", "converged"),
    [
        ([0.5, -0.2, 0.3], 200, [True, True, True]),
        # Too few steps are not convergence.
        ([0.0, 1.0], 3, [True, False]),
        # A refused geometry stops and leaves the others.
        ([0.3, 10.0, -0.3], 100, [True, False, True]),
        ([], 5, []),
    ],
)
def test_springs_relax_to_their_centres(shifts, max_steps, converged):
    noise = np.random.default_rng(1).normal(size=(len(shifts), 4, 3))
    starts = CENTRES + np.reshape(shifts, (-1, 1, 1)) * (1.0 + 0.1 * noise)
    found = relax(
        springs,
        starts,
        # The dihedral angle of the centres is held.
        atoms=np.tile([0, 1, 2, 3], (len(starts), 1)),
        degrees=np.full(len(starts), dihedral_degrees(CENTRES, atoms=(0, 1, 2, 3))),
        force_ev_per_angstrom=1e-6,
        max_steps=max_steps,
    )
    assert found.converged.tolist() == converged
    assert np.abs((found.positions_angstrom - CENTRES)[converged]).max(initial=0.0) < 1e-5
    np.testing.assert_array_equal(
        found.energies_ev, springs(np.array(found.positions_angstrom)).energies_ev
    )


def test_a_held_angle_stays_and_the_rest_relaxes_as_with_ase():
    molecule = load_system("ethanol")
    potential = load_potential("student:ultra-tiny")
    torsion = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )[0]
    start = dihedral_degrees(molecule.positions_angstrom, atoms=torsion.atoms)
    turns = np.array([0.0, 60.0, 170.0])
    starts = np.stack(
        [turned(molecule.positions_angstrom, torsion=torsion, degrees=t) for t in turns]
    )
    found = relax(
        partial(potential.evaluate, molecule, precision="double"),
        starts,
        atoms=np.tile(torsion.atoms, (3, 1)),
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
