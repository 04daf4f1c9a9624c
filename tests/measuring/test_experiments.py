"""Short simulations from the end of a longer one, on a molecule whose motion is known."""

import numpy as np
import openmm
import pytest

from openmm_mlff.reporters.quantities import kinetic_ev, masses_amu
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


@pytest.fixture(scope="module")
def subject(new_subject, water):
    dynamics = {"equilibration_ps": 0.1, "duration_ps": 0.1, "longest_ps": 0.1}
    potential = healthy("bonded", molecule=water, seed=0)
    return new_subject(potential, water, dynamics=dynamics, probes={"sampling_ps": 4.0})


@pytest.fixture(scope="module")
def start(subject):
    return subject.experiments.start()


def _kinetic_ev(masses, velocities):
    squares = (velocities**2).sum(axis=-1)
    return 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * (squares @ masses)


def test_the_start_is_the_end_of_a_run_at_the_time_of_its_positions(subject, start):
    (run,) = subject.runs.runs
    saved = openmm.XmlSerializer.deserialize((subject.folder / run.name / "state.xml").read_text())
    np.testing.assert_allclose(
        start.positions_angstrom, 10.0 * saved.getPositions(asNumpy=True)._value
    )
    # OpenMM's own kinetic energy is that of velocities moved on by half a kick.
    simulation = subject.experiments.simulation(
        start.system, verlet_integrator(0.5), positions=subject.molecule.positions_angstrom
    )
    simulation.context.setState(saved)
    expected_ev = kinetic_ev(simulation.context.getState(energy=True))
    own_ev = _kinetic_ev(masses_amu(start.system), start.velocities_angstrom_per_ps)
    assert own_ev == pytest.approx(expected_ev, rel=1e-9)
    assert own_ev > 0.01


def test_the_first_energy_is_the_same_at_every_timestep(subject, start):
    found = [
        subject.experiments.run_nve(start, timestep_fs=timestep_fs, rows=1, interval_steps=1)
        for timestep_fs in (1e-6, 0.1, 1.0)
    ]
    assert {failure for _, failure in found} == {""}
    for energies, _ in found[1:]:
        np.testing.assert_allclose(energies, found[0][0], rtol=1e-9)


@pytest.mark.parametrize("timestep_fs", [0.25, 1.0])
def test_forward_and_back_ends_at_the_start(subject, start, timestep_fs):
    far, back, failure = subject.experiments.run_forward_and_back(
        start, timestep_fs=timestep_fs, steps=200
    )
    assert failure == ""
    assert np.abs(far - start.positions_angstrom).max() > 0.01
    np.testing.assert_allclose(back, start.positions_angstrom, atol=1e-9)


def test_samples_have_the_temperature_of_the_thermostat(subject):
    samples = subject.samples
    assert samples.failure == ""
    assert samples.positions_angstrom.shape == samples.velocities_angstrom_per_ps.shape
    np.testing.assert_allclose(samples.time_ps, 0.01 * np.arange(1, 401))
    kinetic = _kinetic_ev(samples.masses_amu, samples.velocities_angstrom_per_ps).mean()
    # 9 degrees of freedom, some 30 independent samples: 9 %; three times that.
    assert kinetic == pytest.approx(4.5 * BOLTZMANN_EV_PER_KELVIN * 300.0, rel=0.27)
    # Another potential is sampled from the same start with the same noise.
    same = subject.experiments.sample(subject.potential, precision="double")
    np.testing.assert_allclose(same.positions_angstrom, samples.positions_angstrom, atol=1e-9)
