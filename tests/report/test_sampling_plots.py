from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.report.sampling_plots import plot_timesteps, plot_velocities
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.shared import Samples
from openmm_mlff.storage.typed import to_tables
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

STEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)


def converging(observations, *, exponent=2.0, **arrays):
    """Total energies that swing by 0.5 fs's size at 0.5 fs, and with some power of the step."""
    swing = np.sin(2.0 * np.pi * TIME_PS / 0.01)
    sizes = 3e-4 * (STEPS_FS / 0.5) ** exponent
    total_ev = np.outer(sizes, swing) - 9.0
    record = Record(
        timesteps_fs=STEPS_FS,
        time_ps=TIME_PS,
        potential_ev=total_ev[None],
        kinetic_ev=np.zeros_like(total_ev[None]),
        noise_total_ev=np.zeros(9),
        n_atoms=observations.system.n_atoms,
        failures=("",) * len(STEPS_FS),
    )
    data, found = to_tables(record)
    stored = Measurement("timestep_convergence", "done", data=data, arrays=found | arrays)
    return replace(observations, measurements={stored.name: stored}, condition=None)


def sampled(observations, *, samples=4000, factor=1.0, **arrays):
    """Maxwell–Boltzmann velocities of water at 300 K, oxygen's too large by a factor."""
    system = observations.system
    thermal = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2
    widths = np.sqrt(thermal / system.masses_amu)
    widths[np.array(system.symbols) == "O"] *= factor
    velocities = np.random.default_rng(1).normal(size=(samples, system.n_atoms, 3))
    record = Samples(
        positions_angstrom=np.zeros_like(velocities),
        velocities_angstrom_per_ps=velocities * widths[:, None],
        time_ps=np.arange(samples, dtype=float),
        masses_amu=system.masses_amu,
        constrained=np.zeros(system.n_atoms, dtype=bool),
        symbols=system.symbols,
        degrees_of_freedom=3 * system.n_atoms,
        temperature_kelvin=300.0,
    )
    data, found = to_tables(record)
    stored = Measurement("samples", "done", data=data, arrays=found | arrays)
    return replace(observations, measurements={stored.name: stored}, condition=None)


def test_a_spread_that_goes_as_the_square_lies_on_the_line(make_observations):
    plot = plot_timesteps(converging(make_observations()), None)
    course, spread = plot.panels
    assert [line.name for line in course.marks] == ["1 fs", "0.5 fs", "0.25 fs"]
    law, *points = spread.marks
    assert [point.x[0] for point in points] == pytest.approx(STEPS_FS)
    sizes = np.array([point.y[0] for point in points])
    # 0.3 meV of amplitude over three atoms.
    assert sizes[1] == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-3)
    assert np.diff(np.log(law.y)) / np.diff(np.log(law.x)) == pytest.approx([2.0])
    on_line = np.exp(np.interp(np.log(STEPS_FS), np.log(law.x), np.log(law.y)))
    assert sizes == pytest.approx(on_line)
    assert spread.x.log
    assert spread.x.ticks == pytest.approx(STEPS_FS)


def test_a_timestep_at_which_the_run_broke_is_left_out(make_observations):
    observations = converging(make_observations())
    total_ev = observations.measurements["timestep_convergence"].arrays["potential_ev"].copy()
    total_ev[0, 2, 1:] = np.nan
    plot = plot_timesteps(converging(make_observations(), potential_ev=total_ev), None)
    assert [line.name for line in plot.panels[0].marks] == ["0.5 fs", "0.25 fs"]
    assert "at 1 fs" not in plot.caption


def test_energies_conserved_to_the_last_bit_are_drawn(make_observations):
    observations = converging(make_observations(), potential_ev=np.full((1, 3, 500), -9.0))
    assert plot_timesteps(observations, None) is not None


@pytest.mark.parametrize(
    "arrays",
    [
        {"potential_ev": np.full((1, 3, 500), np.nan)},
        {"potential_ev": np.zeros((1, 3, 4))},
        {
            "potential_ev": np.pad(
                np.zeros((1, 1, 500)), ((0, 0), (0, 2), (0, 0)), constant_values=np.nan
            )
        },
    ],
    ids=["nan", "shorter", "one timestep"],
)
def test_what_cannot_be_compared_is_not_drawn(make_observations, arrays):
    assert plot_timesteps(converging(make_observations(), **arrays), None) is None


def test_right_velocities_lie_on_the_curve_for_every_element(make_observations):
    (panel,) = plot_velocities(sampled(make_observations()), None).panels
    *elements, normal = panel.marks
    assert [line.name for line in elements] == ["H", "O"]
    for line in elements:
        assert np.abs(line.y - normal.y).max() < 0.05


def test_an_element_that_is_too_hot_leaves_the_curve(make_observations):
    (panel,) = plot_velocities(sampled(make_observations(), factor=1.5), None).panels
    peaks = [line.y.max() for line in panel.marks]
    assert peaks[1] == pytest.approx(peaks[2] / 1.5, rel=0.1)
    assert peaks[0] == pytest.approx(peaks[2], rel=0.1)


def test_without_measurements_there_are_no_plots(make_observations):
    observations = make_observations()
    cases = [
        observations,
        sampled(observations, samples=3),
        sampled(observations, velocities_angstrom_per_ps=np.full((4000, 3, 3), np.nan)),
        sampled(observations, masses_amu=np.ones(2)),
    ]
    for case in cases:
        assert plot_velocities(case, None) is None
    assert plot_timesteps(observations, None) is None
