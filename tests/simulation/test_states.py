"""A State split into copies, compared with the State of all of them."""

import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.quantities import kinetic_ev, potential_ev, time_ps
from openmm_mlff.simulation.replicas.system import make_copies
from openmm_mlff.simulation.states import ManyCopies, kinetic_energies

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
    for name in ("getPositions", "getVelocities", "getForces"):
        together = getattr(state, name)(asNumpy=True)
        parts = [getattr(copy, name)().value_in_unit(together.unit) for copy in states]
        np.testing.assert_array_equal(np.concatenate(parts), together._value)


@pytest.mark.parametrize(
    ("velocity", "force", "mass", "expected"),
    # 3 nm/ps and 8 kJ/mol/nm on 2 amu for half of 0.5 ps: 4 nm/ps; no mass, no motion.
    [(3.0, 8.0, 2.0, 16.0), (0.0, 1.0, 0.0, 0.0)],
)
def test_half_a_kick_is_added_to_the_velocities(velocity, force, mass, expected):
    found = kinetic_energies(
        np.array([[[velocity, 0.0, 0.0]]]),
        forces=np.array([[[force, 0.0, 0.0]]]),
        masses_amu=[mass],
        timestep_ps=0.5,
    )
    assert found == pytest.approx([expected])
