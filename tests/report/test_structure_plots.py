from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.plots import Band, Event, Level, Line
from openmm_mlff.report import structure_plots
from openmm_mlff.report.structure_plots import plot_bonds, plot_shape
from openmm_mlff.storage.runs import RunFailure

from .conftest import of_kind, with_run

BLANK = np.full(100, np.nan)


@pytest.fixture(scope="module")
def water(make_observations):
    return make_observations()


def with_bonds(evidence, lengths):
    return with_run(evidence, trajectory={"bond_lengths_angstrom": lengths})


def test_each_type_of_bond_has_a_panel_up_to_a_largest_number(make_observations, monkeypatch):
    alanine = make_observations("alanine")
    plot = plot_bonds(alanine, None)
    titles = [panel.title for panel in plot.panels]
    assert titles == ["C–C ×2", "C–H ×4", "C–N", "C–O ×2", "N–H ×2", "O–H"]
    assert len({panel.x for panel in plot.panels}) == 1
    # A broken bond is marked in every panel and named once.
    failure = RunFailure("unstable", "C0–C1 is 3 Å", 0.75, (0, 1))
    plot = plot_bonds(with_run(alanine, failure=failure), None)
    assert "nve_300K_0.5fs_r0 failed at 0.75 ps: C0–C1 is 3 Å." in plot.caption
    events = [event for panel in plot.panels for event in of_kind(panel, Event)]
    assert [event.x for event in events] == [0.75] * 6
    assert [event.text for event in events] == ["unstable at 0.75 ps"] + [""] * 5
    monkeypatch.setattr(structure_plots, "MOST_BOND_TYPES", 4)
    plot = plot_bonds(alanine, None)
    assert len(plot.panels) == 4
    assert "2 further types" in plot.caption


def test_the_band_spans_the_bonds_and_the_line_is_their_mean(water):
    lengths = np.column_stack([np.full(100, 0.9), np.full(100, 1.1)])
    lengths[3], lengths[4, 0] = np.nan, np.inf
    (panel,) = plot_bonds(with_bonds(water, lengths), None).panels
    ((band,), (mean,), (start,)) = (of_kind(panel, kind) for kind in (Band, Line, Level))
    whole = [k for k in range(99) if k != 3]
    assert (set(band.low[whole]), set(band.high)) == ({0.9}, {1.1})
    assert mean.y[whole] == pytest.approx(1.0)
    assert np.isfinite(mean.y).all()
    assert start.value == pytest.approx(0.96, abs=0.02)


def test_rmsd_and_radius_of_gyration_have_a_panel_each(water, make_run):
    labels = ["RMSD (Å)", "Radius of gyration (Å)"]
    plot = plot_shape(water, None)
    assert [panel.y.label for panel in plot.panels] == labels
    series = water.runs[0].trajectory
    rmsd, gyration = (of_kind(panel, Line)[0] for panel in plot.panels)
    np.testing.assert_array_equal(rmsd.y, series.rmsd_angstrom)
    np.testing.assert_array_equal(gyration.y, series.radius_of_gyration_angstrom)
    plot = plot_shape(with_run(water, trajectory={"rmsd_angstrom": BLANK}), None)
    assert [panel.y.label for panel in plot.panels] == labels[1:]
    runs = tuple(make_run(water.system, seed=k, name=f"r{k}", replica=k) for k in (0, 1))
    panel = plot_shape(replace(water, runs=runs), None).panels[0]
    assert [line.name for line in of_kind(panel, Line)] == ["replica 0", "replica 1"]


def test_without_a_trajectory_there_is_no_plot(water):
    blank = {
        "rmsd_angstrom": BLANK,
        "radius_of_gyration_angstrom": BLANK,
        "bond_lengths_angstrom": np.full((100, 2), np.nan),
    }
    trajectories = (None, {"time_ps": BLANK}, blank)
    cases = [with_run(water, trajectory=trajectory) for trajectory in trajectories]
    for case in (replace(water, runs=()), *cases):
        assert plot_bonds(case, None) is None
        assert plot_shape(case, None) is None
    assert plot_bonds(with_bonds(water, np.ones((100, 7))), None) is None
