"""The point where the dynamics probes start, on springs whose motion is known."""

import json
from dataclasses import replace

import numpy as np
import openmm
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.probes.dynamics.start import accelerations, find_start, place_at, verlet_simulation
from openmm_mlff.reporters.quantities import kinetic_ev, masses_amu, potential_ev
from openmm_mlff.units import EV_PER_AMU_ANGSTROM2_PER_PS2


@pytest.fixture
def resting(springs, subject, resting_water, run_folder):
    return replace(subject(springs(), molecule=resting_water), run_folder=run_folder)


def test_the_start_is_the_end_of_the_run_at_the_time_of_the_positions(resting, run_folder):
    start = find_start(resting)
    saved = openmm.XmlSerializer.deserialize((run_folder / "state.xml").read_text())
    np.testing.assert_allclose(
        start.positions_angstrom, 10.0 * saved.getPositions(asNumpy=True)._value
    )
    # OpenMM's own kinetic energy is that of velocities moved on by half a kick.
    simulation = verlet_simulation(resting, start.system, timestep_fs=0.5)
    simulation.context.setState(saved)
    there = simulation.context.getState(energy=True)
    squares = (start.velocities_angstrom_per_ps**2).sum(axis=1)
    own_ev = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * float(masses_amu(start.system) @ squares)
    assert own_ev == pytest.approx(kinetic_ev(there), rel=1e-9)
    assert own_ev > 0.01


@pytest.mark.parametrize("timestep_fs", [0.1, 0.5, 1.0])
def test_the_energy_is_the_same_at_every_timestep(resting, timestep_fs):
    start = find_start(resting)
    simulation = verlet_simulation(resting, start.system, timestep_fs=timestep_fs)
    place_at(simulation, start)
    state = simulation.context.getState(energy=True)
    reference = verlet_simulation(resting, start.system, timestep_fs=1e-6)
    place_at(reference, start)
    expected = reference.context.getState(energy=True)
    assert potential_ev(state) == pytest.approx(potential_ev(expected), abs=1e-12)
    assert kinetic_ev(state) == pytest.approx(kinetic_ev(expected), rel=1e-9)


def test_accelerations_are_forces_over_masses(resting):
    simulation = verlet_simulation(resting, find_start(resting).system, timestep_fs=0.5)
    before = simulation.context.getState(velocities=True).getVelocities(asNumpy=True)._value
    expected = 0.0005 * accelerations(simulation)
    simulation.step(1)
    after = simulation.context.getState(velocities=True).getVelocities(asNumpy=True)._value
    np.testing.assert_allclose(10.0 * (after - before), expected, rtol=1e-6, atol=1e-9)


def test_without_a_run_there_is_no_start(springs, subject, tmp_path):
    assert find_start(subject(springs())) is None
    assert find_start(replace(subject(springs()), run_folder=tmp_path)) is None


def test_a_damaged_record_is_named(resting, run_folder):
    (run_folder / "run.json").write_text(json.dumps({"condition": {}}))
    with pytest.raises(RunDirectoryError, match="says no timestep"):
        find_start(resting)
