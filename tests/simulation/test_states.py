"""A State split into copies, against what OpenMM says of all of them."""

import numpy as np
import openmm
import pytest
from openmm import unit

from openmm_mlff.reporters.quantities import kinetic_ev, potential_ev, temperature_kelvin, time_ps
from openmm_mlff.simulation.replicas.system import make_copies
from openmm_mlff.simulation.states import ManyCopies, copy_state, kinetic_energies

TIMESTEP_PS = 0.0005


@pytest.fixture
def moving(student, water, platform):
    """Three waters after some steps at three temperatures."""
    copies = make_copies(student, water, 3, precision="double")
    context = openmm.Context(
        copies.system,
        openmm.VerletIntegrator(TIMESTEP_PS),
        openmm.Platform.getPlatformByName(platform.name),
    )
    context.setPositions(np.tile(water.positions_angstrom / 10.0, (3, 1)))
    rng = np.random.default_rng(1)
    context.setVelocities(rng.normal(size=(9, 3)) * np.repeat([0.3, 1.0, 2.0], 3)[:, None])
    context.getIntegrator().step(15)
    return copies, context


def test_energies_of_the_copies_add_up_to_those_of_openmm(moving):
    copies, context = moving
    state = context.getState(positions=True, velocities=True, forces=True, energy=True)
    states = ManyCopies(copies.single, 3, copies.energies_ev, 1000.0 * TIMESTEP_PS).split(state)
    kinetic = [kinetic_ev(copy) for copy in states]
    assert sum(kinetic) == pytest.approx(kinetic_ev(state), rel=1e-12)
    assert 3.0 * kinetic[0] < kinetic[1] < kinetic[2]
    assert sum(potential_ev(copy) for copy in states) == pytest.approx(potential_ev(state))
    assert all(time_ps(copy) == time_ps(state) > 0.0 for copy in states)
    whole = [
        state.getPositions(asNumpy=True),
        state.getVelocities(asNumpy=True),
        state.getForces(asNumpy=True),
    ]
    parts = [
        [copy.getPositions() for copy in states],
        [copy.getVelocities() for copy in states],
        [copy.getForces() for copy in states],
    ]
    for together, alone in zip(whole, parts, strict=True):
        found = np.concatenate([part.value_in_unit(together.unit) for part in alone])
        np.testing.assert_array_equal(found, together._value)


def test_half_a_kick_is_added_to_the_velocities():
    # One particle of 2 amu, 3 nm/ps, pushed by 8 kJ/mol/nm for half of 0.5 ps: 4 nm/ps.
    found = kinetic_energies(
        np.array([[[3.0, 0.0, 0.0]]]),
        forces=np.array([[[8.0, 0.0, 0.0]]]),
        masses_amu=[2.0],
        timestep_ps=0.5,
    )
    assert found == pytest.approx([16.0])


def test_particles_without_mass_do_not_move():
    found = kinetic_energies(
        np.zeros((1, 1, 3)), forces=np.ones((1, 1, 3)), masses_amu=[0.0], timestep_ps=0.5
    )
    assert found == pytest.approx([0.0])
    assert temperature_kelvin(found[0], n_degrees_of_freedom=3) == 0.0


def test_a_frame_has_a_time_positions_and_no_box():
    placed = unit.Quantity(np.ones((2, 3)), unit.nanometer)
    frame = copy_state(Time=1.5 * unit.picosecond, Positions=placed)
    assert frame.getTime() == 1.5 * unit.picosecond
    assert frame.getPositions(asNumpy=True) is frame.getPositions() is placed
    assert frame.getPeriodicBoxVectors() is None


def test_a_copy_is_saved_as_a_run_alone(moving, student, water):
    copies, context = moving
    whole = context.getState(positions=True, velocities=True)
    saved = ManyCopies(copies.single, 3, copies.energies_ev, 1000.0 * TIMESTEP_PS).saved(context)
    alone = openmm.Context(
        student.create_system(water, precision="double"),
        openmm.VerletIntegrator(TIMESTEP_PS),
        openmm.Platform.getPlatformByName("Reference"),
    )
    for number, state in enumerate(saved):
        alone.setState(openmm.XmlSerializer.clone(state))
        assert alone.getStepCount() == 15
        found = alone.getState(positions=True, velocities=True)
        assert found.getTime() == whole.getTime()
        own = slice(3 * number, 3 * number + 3)
        for name in ("getPositions", "getVelocities"):
            np.testing.assert_array_equal(
                getattr(found, name)(asNumpy=True)._value,
                getattr(whole, name)(asNumpy=True)._value[own],
            )
    assert number == 2
