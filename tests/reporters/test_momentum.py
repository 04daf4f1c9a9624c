import numpy as np
import openmm
import pytest

from openmm_mlff.reporters import MomentumReporter
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.storage.streams import MOMENTUM_COLUMNS, read_csv

from .conftest import report


def test_momenta_of_a_rotating_moving_body():
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


@pytest.mark.parametrize("torque", [False, True])
def test_leapfrog_conserves_both_unless_there_is_a_torque(hot_water, tmp_path, torque):
    if torque:
        force = openmm.CustomExternalForce("-5*x*y")
        for index in range(3):
            force.addParticle(index)
        hot_water.system.addForce(force)
        hot_water.context.reinitialize(preserveState=True)
    report(hot_water, MomentumReporter(tmp_path / "m.csv", 10), steps=1000)
    rows = read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)
    assert rows.shape == (100, 9)
    linear, angular = rows[:, 2:5], rows[:, 5:8]
    changes = [np.abs(one - one[0]).max() / np.linalg.norm(one[0]) for one in (linear, angular)]
    if torque:
        assert changes[1] > 1e-4
    else:
        assert max(changes) < 1e-10
        assert min(np.linalg.norm(linear[0]), np.linalg.norm(angular[0])) > 1.0


def test_the_largest_force_is_that_of_the_spring(oscillator, tmp_path):
    report(oscillator.simulation(), MomentumReporter(tmp_path / "m.csv", 1), steps=20)
    rows = read_csv(tmp_path / "m.csv", MOMENTUM_COLUMNS)
    spring = oscillator.spring_kj_per_mol_nm2 / 96.48533212 / 100.0
    expected = np.abs(spring * 10.0 * oscillator.stretch_at(rows[:, 0]))
    np.testing.assert_allclose(rows[:, 8], expected, atol=1e-8)
    np.testing.assert_allclose(rows[:, 2:8], 0.0, atol=1e-10)
