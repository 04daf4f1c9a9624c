import numpy as np
import openmm
import pytest

from openmm_mlff.potentials.sites import are_atoms
from openmm_mlff.reporters import quantities
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


def _system(*masses):
    system = openmm.System()
    for mass in masses:
        system.addParticle(mass)
    return system


def test_degrees_of_freedom_are_counted_as_openmm_does():
    system = _system(16.0, 1.0, 1.0)
    assert quantities.degrees_of_freedom(system) == 9
    system.addConstraint(0, 1, 0.1)
    assert quantities.degrees_of_freedom(system) == 8
    system.addForce(openmm.CMMotionRemover())
    assert quantities.degrees_of_freedom(system) == 5
    system.addParticle(0.0)
    assert quantities.degrees_of_freedom(system) == 5


def test_virtual_sites_are_not_atoms_and_temperature_is_equipartition():
    system = _system(16.0, 1.0, 0.0)
    system.setVirtualSite(2, openmm.TwoParticleAverageSite(0, 1, 0.5, 0.5))
    assert are_atoms(system).sum() == 2
    energy = 0.5 * 7 * BOLTZMANN_EV_PER_KELVIN * 300.0
    assert quantities.temperature_kelvin(energy, n_degrees_of_freedom=7) == pytest.approx(300.0)
    assert quantities.temperature_kelvin(0.0, n_degrees_of_freedom=0) == 0.0


def test_a_state_is_read_in_the_units_of_the_package(oscillator):
    simulation = oscillator.simulation()
    state = simulation.context.getState(positions=True, velocities=True, forces=True, energy=True)
    stretch = 10.0 * oscillator.stretch_nm
    spring = oscillator.spring_kj_per_mol_nm2 / 96.48533212 / 100.0
    assert quantities.positions_angstrom(state)[1, 0] == pytest.approx(1.0 + stretch)
    assert quantities.forces_ev_per_angstrom(state)[1, 0] == pytest.approx(-spring * stretch)
    assert quantities.potential_ev(state) == pytest.approx(0.5 * spring * stretch**2)
    # On the step, although OpenMM stores velocities half a step back.
    on_step = 10.0 * oscillator.velocity_nm_per_ps
    expected = 0.5 * oscillator.reduced_mass_amu * on_step**2 * EV_PER_AMU_ANGSTROM2_PER_PS2
    assert quantities.kinetic_ev(state) == pytest.approx(expected, rel=1e-8)
    velocities = quantities.velocities_angstrom_per_ps(state)
    assert velocities[1, 0] - velocities[0, 0] > 1.01 * on_step
    assert quantities.time_ps(state) == 0.0
    np.testing.assert_array_equal(
        quantities.masses_amu(simulation.system), np.array(oscillator.masses_amu)
    )
