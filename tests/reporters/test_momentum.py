import numpy as np
import pytest

from openmm_mlff.reporters import MomentumReporter
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.storage.streams import MOMENTUM_COLUMNS, read_csv


def test_momenta_of_a_turning_flying_body():
    rng = np.random.default_rng(5)
    masses = rng.uniform(1.0, 16.0, 6)
    arms = rng.normal(size=(6, 3))
    arms -= masses @ arms / masses.sum()
    omega, drift = np.array([0.3, -0.2, 0.9]), np.array([1.0, 2.0, -3.0])
    inertia = sum(
        mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
        for mass, arm in zip(masses, arms, strict=True)
    )
    linear, angular = momenta(
        arms + np.array([50.0, -20.0, 7.0]),
        velocities_angstrom_per_ps=drift + np.cross(omega, arms),
        masses_amu=masses,
    )
    np.testing.assert_allclose(linear, masses.sum() * drift, rtol=1e-12)
    np.testing.assert_allclose(angular, inertia @ omega, rtol=1e-10, atol=1e-10)


def test_leapfrog_conserves_both_to_the_last_digits(hot_water, tmp_path):
    hot_water.reporters.append(MomentumReporter(tmp_path / "m.csv", 10))
    hot_water.step(4000)
    rows = read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)
    assert rows.shape == (400, 9)
    for columns in (slice(2, 5), slice(5, 8)):
        vectors = rows[:, columns]
        size = np.linalg.norm(vectors[0])
        assert size > 1.0
        assert np.abs(vectors - vectors[0]).max() < 1e-10 * size


def test_a_torque_shows(hot_water, tmp_path):
    # The fault that the reporter is there for: a force field that turns the molecule.
    import openmm

    force = openmm.CustomExternalForce("-5*x*y")
    for index in range(3):
        force.addParticle(index)
    hot_water.system.addForce(force)
    hot_water.context.reinitialize(preserveState=True)
    hot_water.reporters.append(MomentumReporter(tmp_path / "m.csv", 10))
    hot_water.step(1000)
    angular = read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)[:, 5:8]
    assert np.abs(angular - angular[0]).max() > 1e-4 * np.linalg.norm(angular[0])


def test_the_largest_force_is_that_of_the_spring(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters.append(MomentumReporter(tmp_path / "m.csv", 1))
    simulation.step(20)
    rows = read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)
    spring = oscillator.spring_kj_per_mol_nm2 / 96.48533212 / 100.0
    expected = np.abs(spring * 10.0 * oscillator.stretch_at(rows[:, 0]))
    np.testing.assert_allclose(rows[:, 8], expected, atol=1e-8)
    np.testing.assert_allclose(rows[:, 2:8], 0.0, atol=1e-10)


def test_resumes_like_the_others(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters.append(MomentumReporter(tmp_path / "m.csv", 10))
    simulation.step(50)
    simulation.reporters[0].close()
    MomentumReporter(tmp_path / "m.csv", 10, resume_after_step=25).close()
    assert read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)[:, 0] == pytest.approx([10, 20])
