import numpy as np
import openmm
import pytest

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture
def ratio(planted, water, distorted):
    """Energies and forces through OpenMM over those of the model."""

    def measure(name):
        faulty, _ = planted(name)
        positions = distorted(water)
        found = evaluate_in_openmm(
            faulty.create_system(water), water, positions, platform=named_platform("Reference")
        )
        model = faulty.evaluate(water, positions)
        return (
            found.energies_ev / model.energies_ev,
            found.forces_ev_per_angstrom / model.forces_ev_per_angstrom,
        )

    return measure


def test_kcal_are_a_quarter_of_kj(ratio):
    energies, forces = ratio("kcal for kJ")
    np.testing.assert_allclose(energies, 1.0 / 4.184)
    np.testing.assert_allclose(forces, 1.0 / 4.184)


def test_per_angstrom_is_a_tenth_of_per_nm(ratio):
    energies, forces = ratio("Å for nm")
    np.testing.assert_allclose(energies, 1.0)
    np.testing.assert_allclose(forces, 0.1)


def test_another_order_is_another_energy(ratio):
    energies, _ = ratio("atoms in another order")
    assert np.abs(energies - 1.0).min() > 0.01


def test_masses_change_places(planted, water):
    for strength, expected in ((1.0, water.masses_amu[[1, 0, 2]]), (1e-9, water.masses_amu)):
        system = planted("masses swapped", strength)[0].create_system(water)
        masses = [system.getParticleMass(index)._value for index in range(3)]
        np.testing.assert_allclose(masses, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "kelvin", "per_ps"),
    [("thermostat left on", 300.0, 100.0), ("hot thermostat", 600.0, 100.0)],
)
def test_a_thermostat_is_in_the_system(planted, water, name, kelvin, per_ps):
    thermostat = planted(name)[0].create_system(water).getForce(1)
    assert isinstance(thermostat, openmm.AndersenThermostat)
    assert thermostat.getDefaultTemperature()._value == kelvin
    assert thermostat.getDefaultCollisionFrequency()._value == per_ps
