"""What every healthy potential must be, whatever it is made of."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.oracles import KINDS
from openmm_mlff.simulation.platforms import named_platform


def test_the_kinds_of_healthy_potentials():
    assert list(KINDS) == ["bonded", "pair", "walled hole", "staircase", "network"]


@pytest.mark.parametrize("system", ["water", "methane"])
def test_forces_are_the_gradient(make, kind, molecules, system, distorted, force_error):
    molecule = molecules[system]
    potential = make(kind, system=system, seed=4)
    # Second-order differences at 1e-4 Å: the third derivative leaves some 1e-6 eV/Å.
    assert force_error(potential, molecule, distorted(molecule)) < 2e-5


def test_energy_has_every_symmetry(make, kind, water, distorted):
    potential = make(kind)
    positions = distorted(water, count=1)[0]
    rotation = Rotation.random(random_state=2).as_matrix()
    moved = [
        positions,
        positions @ rotation.T,
        positions + np.array([30.0, -20.0, 10.0]),
        positions * np.array([1.0, 1.0, -1.0]),
        positions[[0, 2, 1]],
    ]
    found = potential.evaluate(water, np.array(moved), precision="double")
    assert found.energies_ev == pytest.approx(np.full(5, found.energies_ev[0]), abs=1e-10)
    turned_back = found.forces_ev_per_angstrom[1] @ rotation
    np.testing.assert_allclose(turned_back, found.forces_ev_per_angstrom[0], atol=1e-10)


def test_openmm_ase_and_the_batched_call_agree(make, kind, water, distorted):
    potential = make(kind)
    positions = distorted(water)
    system, platform = (
        potential.create_system(water, precision="double"),
        named_platform("Reference"),
    )
    in_openmm = evaluate_in_openmm(system, water, positions, platform=platform)
    in_ase = Potential.evaluate(potential, water, positions, precision="double")
    batched = potential.evaluate(water, positions, precision="double")
    for found in (in_openmm, in_ase):
        np.testing.assert_allclose(found.energies_ev, batched.energies_ev, atol=1e-9)
        np.testing.assert_allclose(
            found.forces_ev_per_angstrom, batched.forces_ev_per_angstrom, atol=1e-9
        )


def test_seeds_make_other_potentials_and_the_same_seed_the_same(make, kind, water):
    geometry = water.positions_angstrom[None]
    first, again, other = (make(kind, seed=seed) for seed in (0, 0, 1))
    energies = [
        one.evaluate(water, geometry, precision="double").energies_ev[0]
        for one in (first, again, other)
    ]
    assert energies[0] == energies[1]
    assert abs(energies[0] - energies[2]) > 1e-3
    assert first.spec == again.spec != other.spec
