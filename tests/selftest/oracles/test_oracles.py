"""What every healthy potential must be, whatever it is made of."""

import numpy as np
import openmm
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.oracles import KINDS, healthy
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.minimise import minimise
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.units import ps_from_fs

REFERENCE = named_platform("Reference")


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
    moved = {
        "as it is": positions,
        "shifted": positions + np.array([30.0, -20.0, 10.0]),
        "turned": positions @ rotation.T,
        "mirrored": positions * np.array([1.0, 1.0, -1.0]),
        "exchanged": positions[[0, 2, 1]],
    }
    found = potential.evaluate(water, np.array(list(moved.values())), precision="double")
    energies = dict(zip(moved, found.energies_ev, strict=True))
    assert energies == pytest.approx(dict.fromkeys(moved, found.energies_ev[0]), abs=1e-10)
    turned_back = found.forces_ev_per_angstrom[2] @ rotation
    np.testing.assert_allclose(turned_back, found.forces_ev_per_angstrom[0], atol=1e-10)


def test_openmm_ase_and_the_batched_call_agree(make, kind, water, distorted):
    potential = make(kind)
    positions = distorted(water)
    system = potential.create_system(water, precision="double")
    in_openmm = evaluate_in_openmm(system, water, positions, platform=REFERENCE)
    in_ase = Potential.evaluate(potential, water, positions, precision="double")
    batched = potential.evaluate(water, positions, precision="double")
    for found in (in_openmm, in_ase):
        np.testing.assert_allclose(found.energies_ev, batched.energies_ev, atol=1e-9)
        np.testing.assert_allclose(
            found.forces_ev_per_angstrom, batched.forces_ev_per_angstrom, atol=1e-9
        )


def test_seeds_make_other_potentials_and_the_same_seed_the_same(make, kind, water):
    geometry = water.positions_angstrom[None]

    def energy(seed):
        return make(kind, seed=seed).evaluate(water, geometry, precision="double").energies_ev[0]

    assert energy(0) == energy(0)
    assert abs(energy(0) - energy(1)) > 1e-3
    assert make(kind, seed=0).spec != make(kind, seed=1).spec


@pytest.mark.parametrize("system", ["water", "methane"])
def test_molecules_stay_whole_and_energy_is_conserved(molecules, system, kind):
    molecule = molecules[system]
    potential = healthy(kind, molecule=molecule, seed=2)
    openmm_system = potential.create_system(molecule, precision="double")
    start = minimise(openmm_system, molecule, platform=REFERENCE)
    integrator = openmm.VerletIntegrator(ps_from_fs(0.5))
    simulation = make_simulation(
        openmm_system,
        molecule,
        integrator,
        platform=REFERENCE,
        positions_angstrom=start.positions_angstrom,
    )
    # Twice the temperature at a minimum is equilibrium at 300 K.
    simulation.context.setVelocitiesToTemperature(600.0, 5)
    totals = []
    for _ in range(20):
        simulation.step(100 if kind != "network" else 20)
        state = simulation.context.getState(energy=True, positions=True)
        totals.append((state.getPotentialEnergy() + state.getKineticEnergy())._value / 96.485)
    placed = state.getPositions(asNumpy=True)._value * 10.0
    first, second = np.array(molecule.bonds).T
    lengths = np.linalg.norm(placed[first] - placed[second], axis=1)
    assert start.converged
    assert ((lengths > 0.8) & (lengths < 1.4)).all()
    # The integrator's own error at 0.5 fs is some 0.2 meV an atom.
    assert np.std(totals) / molecule.n_atoms < 1e-3
