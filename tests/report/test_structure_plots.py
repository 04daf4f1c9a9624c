from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.plots import Band, Event, Level, Line
from openmm_mlff.report import structure_plots
from openmm_mlff.report.structure_plots import plot_bonds, plot_shape
from openmm_mlff.storage.runs import RunFailure


def with_trajectory(observations, **changes):
    (run,) = observations.runs
    trajectory = replace(run.trajectory, **changes)
    return replace(observations, runs=(replace(run, trajectory=trajectory),))


def of_kind(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def test_each_type_of_bond_has_its_panel(make_observations):
    plot = plot_bonds(make_observations("alanine"), None)
    titles = [panel.title for panel in plot.panels]
    assert titles == ["C–C ×2", "C–H ×4", "C–N", "C–O ×2", "N–H ×2", "O–H"]
    assert len({panel.x for panel in plot.panels}) == 1


def test_the_band_spans_the_bonds_and_the_line_is_their_mean(make_observations):
    lengths = np.column_stack([np.full(100, 0.9), np.full(100, 1.1)])
    observations = with_trajectory(make_observations(), bond_lengths_angstrom=lengths)
    (panel,) = plot_bonds(observations, None).panels
    ((band,), (mean,), (start,)) = (of_kind(panel, kind) for kind in (Band, Line, Level))
    assert (set(band.low), set(band.high)) == ({0.9}, {1.1})
    assert mean.y == pytest.approx(np.ones(100))
    assert start.value == pytest.approx(0.96, abs=0.02)


def test_a_torn_bond_is_marked_in_every_panel_and_named_once(make_observations):
    observations = make_observations("alanine")
    failure = RunFailure("unstable", "C0–C1 is 3 Å", 0.75, (0, 1))
    failed = replace(observations, runs=(replace(observations.runs[0], failure=failure),))
    plot = plot_bonds(failed, None)
    assert "nve_300K_0.5fs_r0 failed at 0.75 ps: C0–C1 is 3 Å." in plot.caption
    events = [event for panel in plot.panels for event in of_kind(panel, Event)]
    assert [event.x for event in events] == [0.75] * 6
    assert [event.text for event in events] == ["unstable at 0.75 ps"] + [""] * 5


def test_bonds_that_fly_off_leave_the_axis_and_the_caption_says_so(make_observations):
    observations = make_observations()
    lengths = observations.runs[0].trajectory.bond_lengths_angstrom.copy()
    lengths[-5:, 0] = 40.0
    plot = plot_bonds(with_trajectory(observations, bond_lengths_angstrom=lengths), None)
    assert "values reach 40 Å" in plot.caption
    assert plot.panels[0].y.range[1] < 5.0


def test_frames_without_numbers_are_passed_over(make_observations):
    observations = make_observations("methane")
    lengths = observations.runs[0].trajectory.bond_lengths_angstrom.copy()
    lengths[3], lengths[4, 0] = np.nan, np.inf
    plot = plot_bonds(with_trajectory(observations, bond_lengths_angstrom=lengths), None)
    (mean,) = of_kind(plot.panels[0], Line)
    assert len(mean.x) == 99
    assert np.isfinite(mean.y).all()


def test_only_some_types_are_shown_and_the_rest_is_counted(make_observations, monkeypatch):
    monkeypatch.setattr(structure_plots, "MOST_BOND_TYPES", 4)
    plot = plot_bonds(make_observations("alanine"), None)
    assert len(plot.panels) == 4
    assert "2 further types" in plot.caption


def test_rmsd_and_radius_of_gyration_have_a_panel_each(make_observations):
    observations = make_observations()
    plot = plot_shape(observations, None)
    assert [panel.y.label for panel in plot.panels] == ["RMSD (Å)", "Radius of gyration (Å)"]
    series = observations.runs[0].trajectory
    rmsd, gyration = (of_kind(panel, Line)[0] for panel in plot.panels)
    np.testing.assert_array_equal(rmsd.y, series.rmsd_angstrom)
    np.testing.assert_array_equal(gyration.y, series.radius_of_gyration_angstrom)


def test_what_is_missing_is_left_out(make_observations):
    blank = np.full(100, np.nan)
    plot = plot_shape(with_trajectory(make_observations(), rmsd_angstrom=blank), None)
    assert [panel.y.label for panel in plot.panels] == ["Radius of gyration (Å)"]


def test_replicas_are_named(make_observations, make_run):
    observations = make_observations()
    runs = tuple(make_run(observations.system, seed=k, name=f"r{k}", replica=k) for k in (0, 1))
    plot = plot_shape(replace(observations, runs=runs), None)
    assert [line.name for line in of_kind(plot.panels[0], Line)] == ["replica 0", "replica 1"]


def test_without_a_trajectory_there_is_no_plot(make_observations):
    observations = make_observations()
    blank = np.full(100, np.nan)
    cases = [
        replace(observations, runs=()),
        replace(observations, runs=(replace(observations.runs[0], trajectory=None),)),
        with_trajectory(observations, time_ps=blank),
        with_trajectory(
            observations,
            rmsd_angstrom=blank,
            radius_of_gyration_angstrom=blank,
            bond_lengths_angstrom=np.full((100, 2), np.nan),
        ),
    ]
    for case in cases:
        assert plot_bonds(case, None) is None
        assert plot_shape(case, None) is None
    other_bonds = with_trajectory(observations, bond_lengths_angstrom=np.ones((100, 7)))
    assert plot_bonds(other_bonds, None) is None
