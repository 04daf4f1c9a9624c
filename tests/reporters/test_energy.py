import csv

import numpy as np
import pytest

from openmm_mlff.reporters import CONSERVATION_COLUMNS, ConservationReporter, EnergyReporter
from openmm_mlff.storage.streams import ENERGY_COLUMNS, read_csv
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, KJ_PER_MOL_PER_EV

from .conftest import report


def _table(path, columns=ENERGY_COLUMNS):
    with path.open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == list(columns)
    return read_csv(path, columns)


def test_rows_are_the_exact_leapfrog_energies(oscillator, tmp_path):
    report(oscillator.simulation(), EnergyReporter(tmp_path / "e.csv", 7), steps=700)
    rows = _table(tmp_path / "e.csv")
    steps = rows[:, 0]
    np.testing.assert_array_equal(steps, np.arange(7, 701, 7))
    np.testing.assert_allclose(rows[:, 1], steps * oscillator.timestep_ps, rtol=1e-12)
    potential = oscillator.potential_kj_per_mol(steps) / KJ_PER_MOL_PER_EV
    kinetic = oscillator.kinetic_kj_per_mol(steps) / KJ_PER_MOL_PER_EV
    np.testing.assert_allclose(rows[:, 2], potential, atol=1e-10)
    np.testing.assert_allclose(rows[:, 3], kinetic, atol=1e-10)
    np.testing.assert_allclose(rows[:, 4], potential + kinetic, atol=1e-10)
    temperature = 2.0 * kinetic / (6 * BOLTZMANN_EV_PER_KELVIN)
    np.testing.assert_allclose(rows[:, 5], temperature, atol=1e-5)


def test_each_row_is_on_disk_at_once_with_a_temperature_of_its_degrees_of_freedom(
    oscillator, tmp_path
):
    simulation = oscillator.simulation()
    simulation.reporters += [
        EnergyReporter(tmp_path / "all.csv", 5),
        EnergyReporter(tmp_path / "one.csv", 5, n_degrees_of_freedom=1),
    ]
    for rows in (1, 2):
        simulation.step(5)
        kelvin = [_table(tmp_path / name)[:, 5] for name in ("all.csv", "one.csv")]
        assert len(kelvin[0]) == rows
        np.testing.assert_allclose(kelvin[1], 6.0 * kelvin[0])


def test_conservation_columns_are_those_of_a_fit(hot_water, oscillator, tmp_path):
    # As in a user's script, with only a Simulation.
    report(hot_water, ConservationReporter(str(tmp_path / "e.csv"), 10), steps=500)
    rows = _table(tmp_path / "e.csv", CONSERVATION_COLUMNS)
    time, per_atom = rows[:, 1], 1000.0 * rows[:, 4] / 3
    np.testing.assert_allclose(rows[:, 6], per_atom - per_atom[0], atol=1e-9)
    assert rows[0, 6] == 0.0
    assert np.isnan(rows[0, 7])
    for index in (1, 20, 49):
        upto = slice(0, index + 1)
        slope = np.polyfit(time[upto], per_atom[upto] - per_atom[0], 1)[0]
        assert rows[index, 7] == pytest.approx(slope, rel=1e-6)
        assert rows[index, 8] == pytest.approx(per_atom[upto].std(), rel=1e-6)
    # 3 atoms, 9 degrees of freedom.
    expected = 2.0 * rows[:, 3] / (9 * BOLTZMANN_EV_PER_KELVIN)
    np.testing.assert_allclose(rows[:, 5], expected, rtol=1e-12)
    # Over 15 ps the fluctuations of the exact integrator average out.
    exact = ConservationReporter(tmp_path / "exact.csv", 3)
    report(oscillator.simulation(), exact, steps=30_000)
    drift, sigma = _table(tmp_path / "exact.csv", CONSERVATION_COLUMNS)[-1, 7:9]
    assert abs(drift) < 1e-3 * sigma
    assert sigma > 0.1
