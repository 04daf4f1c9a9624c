from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report.kinetic_figure import kinetic_figure
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.shared import Samples
from openmm_mlff.storage.typed import to_tables
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


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


def test_right_velocities_lie_on_the_curve_for_every_element(
    make_observations, figures, tmp_path, png_inches
):
    record = kinetic_figure(sampled(make_observations()), path=tmp_path / "k.png", result=None)
    assert png_inches(record.path) == pytest.approx((3.4, 2.5), abs=0.01)
    *elements, normal = figures[0].axes[0].lines
    assert [line.get_label() for line in elements] == ["H", "O"]
    for line in elements:
        assert np.abs(line.get_ydata() - normal.get_ydata()).max() < 0.05


def test_an_element_that_is_too_hot_leaves_the_curve(make_observations, figures, tmp_path):
    kinetic_figure(sampled(make_observations(), factor=1.5), path=tmp_path / "k.png", result=None)
    hydrogen, oxygen, normal = figures[0].axes[0].lines
    peaks = [line.get_ydata().max() for line in (hydrogen, oxygen, normal)]
    assert peaks[1] == pytest.approx(peaks[2] / 1.5, rel=0.1)
    assert peaks[0] == pytest.approx(peaks[2], rel=0.1)


def test_without_samples_there_is_no_figure(make_observations, make_result, tmp_path):
    observations = make_observations()
    cases = [
        observations,
        sampled(observations, samples=3),
        sampled(observations, velocities_angstrom_per_ps=np.full((4000, 3, 3), np.nan)),
        sampled(observations, masses_amu=np.ones(2)),
    ]
    for case in cases:
        assert kinetic_figure(case, path=tmp_path / "k.png", result=make_result()) is None
