import numpy as np
import openmm
import pytest

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.simulation.platforms import named_platform


@pytest.mark.parametrize(
    ("name", "energies", "forces"),
    [
        ("kcal for kJ", 1.0 / 4.184, 1.0 / 4.184),
        ("Å for nm", 1.0, 0.1),
        ("atoms in another order", None, None),
    ],
)
def test_openmm_runs_another_potential_than_the_model(
    planted, water, distorted, name, energies, forces
):
    faulty, _ = planted(name)
    positions = distorted(water)
    system = faulty.create_system(water)
    found = evaluate_in_openmm(system, water, positions, platform=named_platform("Reference"))
    model = faulty.evaluate(water, positions)
    if energies is None:
        assert np.abs(found.energies_ev / model.energies_ev - 1.0).min() > 0.01
        return
    np.testing.assert_allclose(found.energies_ev, energies * model.energies_ev)
    np.testing.assert_allclose(found.forces_ev_per_angstrom, forces * model.forces_ev_per_angstrom)


def test_masses_change_places(planted, water):
    for strength, expected in ((1.0, water.masses_amu[[1, 0, 2]]), (1e-9, water.masses_amu)):
        system = planted("masses swapped", strength)[0].create_system(water)
        masses = [system.getParticleMass(index)._value for index in range(3)]
        np.testing.assert_allclose(masses, expected, rtol=1e-6)


@pytest.mark.parametrize(("name", "kelvin"), [("thermostat left on", 300), ("hot thermostat", 600)])
def test_a_thermostat_is_in_the_system(planted, water, name, kelvin):
    thermostat = planted(name)[0].create_system(water).getForce(1)
    assert isinstance(thermostat, openmm.AndersenThermostat)
    assert thermostat.getDefaultTemperature()._value == kelvin
    assert thermostat.getDefaultCollisionFrequency()._value == 100.0
