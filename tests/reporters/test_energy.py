import csv
import math

import numpy as np
import pytest

from openmm_mlff import reporters
from openmm_mlff.reporters import CONSERVATION_COLUMNS, ConservationReporter, EnergyReporter
from openmm_mlff.reporters.energy import RunningLine
from openmm_mlff.storage.streams import ENERGY_COLUMNS, read_csv
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, KJ_PER_MOL_PER_EV


def _table(path, columns=ENERGY_COLUMNS):
    with path.open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == list(columns)
    return read_csv(path, columns)


def test_rows_are_the_exact_leapfrog_energies(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters.append(EnergyReporter(tmp_path / "e.csv", 7))
    simulation.step(700)
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


def test_the_exact_energies_have_no_drift(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters.append(ConservationReporter(tmp_path / "e.csv", 3))
    simulation.step(30_000)
    rows = _table(tmp_path / "e.csv", CONSERVATION_COLUMNS)
    drift, sigma = rows[-1, 7], rows[-1, 8]
    # The integrator's own ripple is there, and over 15 ps it averages out.
    assert sigma > 0.1
    assert abs(drift) < 1e-3 * sigma


def test_own_degrees_of_freedom_decide_the_temperature(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters += [
        EnergyReporter(tmp_path / "all.csv", 5),
        EnergyReporter(tmp_path / "one.csv", 5, n_degrees_of_freedom=1),
    ]
    simulation.step(5)
    all_rows, one_rows = _table(tmp_path / "all.csv"), _table(tmp_path / "one.csv")
    assert one_rows[0, 5] == pytest.approx(6.0 * all_rows[0, 5])


def test_each_row_is_on_disk_at_once(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.reporters.append(EnergyReporter(tmp_path / "e.csv", 10))
    simulation.step(10)
    assert len(_table(tmp_path / "e.csv")) == 1
    simulation.step(10)
    assert len(_table(tmp_path / "e.csv")) == 2


@pytest.mark.parametrize("kind", [EnergyReporter, ConservationReporter])
def test_a_resumed_file_equals_one_never_interrupted(oscillator, tmp_path, kind):
    whole = oscillator.simulation()
    whole.reporters.append(kind(tmp_path / "whole.csv", 10))
    whole.step(200)
    broken = oscillator.simulation()
    broken.reporters.append(kind(tmp_path / "parts.csv", 10))
    broken.step(100)
    state = broken.context.getState(positions=True, velocities=True)
    # Rows after the saved state are lost work.
    broken.step(50)
    resumed = oscillator.simulation()
    resumed.context.setState(state)
    resumed.reporters.append(kind(tmp_path / "parts.csv", 10, resume_after_step=100))
    resumed.step(100)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_conservation_columns_are_what_they_say(hot_water, tmp_path):
    # In a script of anyone's own, with nothing but a Simulation.
    hot_water.reporters.append(reporters.ConservationReporter(str(tmp_path / "energies.csv"), 10))
    hot_water.step(500)
    rows = _table(tmp_path / "energies.csv", CONSERVATION_COLUMNS)
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


def test_equals_a_fit_of_the_whole_series_whatever_the_mean():
    rng = np.random.default_rng(3)
    x = np.linspace(0.0, 10.0, 400)
    y = -2000.0 + 0.01 * x + rng.normal(0.0, 0.1, len(x))
    line = RunningLine()
    for index, (time, value) in enumerate(zip(x, y, strict=True), start=1):
        line.add(time, value)
        if index in (2, 50, 400):
            assert line.slope == pytest.approx(np.polyfit(x[:index], y[:index], 1)[0], rel=1e-6)
            assert line.sigma_y == pytest.approx(y[:index].std(), rel=1e-9)


def test_recovers_a_planted_slope_exactly():
    line = RunningLine()
    for step in range(10):
        line.add(0.5 * step, 3.0 - 0.25 * step)
    assert line.slope == pytest.approx(-0.5, abs=1e-14)


def test_says_nothing_before_there_are_points():
    line = RunningLine()
    assert math.isnan(line.slope)
    assert math.isnan(line.sigma_y)
    line.add(1.0, 2.0)
    assert math.isnan(line.slope)
    assert line.sigma_y == 0.0
