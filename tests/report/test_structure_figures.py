from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report.structure_figures import bond_figure, shape_figure
from openmm_mlff.storage.runs import RunFailure


def with_trajectory(observations, **changes):
    (run,) = observations.runs
    trajectory = replace(run.trajectory, **changes)
    return replace(observations, runs=(replace(run, trajectory=trajectory),))


def test_each_type_of_bond_has_its_strip(make_observations, figures, tmp_path, png_inches):
    record = bond_figure(make_observations("alanine"), path=tmp_path / "b.png", model="tiny")
    assert png_inches(record.path)[0] == pytest.approx(3.4, abs=0.01)
    titles = [axes.get_title(loc="right") for axes in figures[0].axes]
    assert titles == ["C–C ×2", "C–H ×4", "C–N", "C–O ×2", "N–H ×2", "O–H"]
    letters = [axes.get_title(loc="left") for axes in figures[0].axes]
    assert letters == list("abcdef")


def test_the_band_spans_the_bonds_and_the_line_is_their_mean(make_observations, figures, tmp_path):
    lengths = np.column_stack([np.full(100, 0.9), np.full(100, 1.1)])
    bond_figure(
        with_trajectory(make_observations(), bond_lengths_angstrom=lengths),
        path=tmp_path / "b.png",
    )
    (axes,) = figures[0].axes
    (band,) = axes.collections
    assert set(np.round(band.get_paths()[0].vertices[:, 1], 6)) == {0.9, 1.1}
    start, mean = axes.lines
    assert set(np.round(mean.get_ydata(), 6)) == {1.0}
    assert start.get_ydata()[0] == pytest.approx(0.96, abs=0.02)


def test_a_torn_bond_is_marked_and_told(make_observations, figures, tmp_path):
    observations = make_observations("alanine")
    failure = RunFailure("unstable", "C0–C1 is 3 Å", 0.75, (0, 1))
    failed = replace(observations, runs=(replace(observations.runs[0], failure=failure),))
    record = bond_figure(failed, path=tmp_path / "b.png")
    assert "nve_300K_0.5fs_r0 failed at 0.75 ps: C0–C1 is 3 Å." in record.caption
    assert figures[0].axes[0].get_title() == "unstable at 0.75 ps"
    for axes in figures[0].axes:
        assert any(set(one.get_xdata()) == {0.75} for one in axes.lines)


def test_bonds_that_fly_off_leave_the_axis_and_the_caption_says_so(make_observations, tmp_path):
    observations = make_observations()
    lengths = observations.runs[0].trajectory.bond_lengths_angstrom.copy()
    lengths[-5:, 0] = 40.0
    record = bond_figure(
        with_trajectory(observations, bond_lengths_angstrom=lengths), path=tmp_path / "b.png"
    )
    assert "The axis is cut: values reach 40 Å." in record.caption


def test_frames_without_numbers_are_passed_over(make_observations, tmp_path, png_inches):
    observations = make_observations("methane")
    lengths = observations.runs[0].trajectory.bond_lengths_angstrom.copy()
    lengths[3], lengths[4, 0] = np.nan, np.inf
    case = with_trajectory(
        observations,
        bond_lengths_angstrom=lengths,
        rmsd_angstrom=np.where(np.arange(100) < 50, 0.1, np.nan),
    )
    for figure in (bond_figure, shape_figure):
        assert png_inches(figure(case, path=tmp_path / "f.png").path)


def test_only_some_types_are_shown_and_the_rest_is_counted(
    make_observations, tmp_path, monkeypatch, figures
):
    monkeypatch.setattr("openmm_mlff.report.structure_figures.MOST_BOND_TYPES", 4)
    record = bond_figure(make_observations("alanine"), path=tmp_path / "b.png")
    assert len(figures[0].axes) == 4
    assert "2 further types are left out." in record.caption


def test_rmsd_and_radius_of_gyration_stand_one_below_the_other(
    make_observations, figures, tmp_path, png_inches
):
    observations = make_observations()
    record = shape_figure(observations, path=tmp_path / "s.png")
    assert png_inches(record.path)[0] == pytest.approx(3.4, abs=0.01)
    rmsd, gyration = figures[0].axes
    assert (rmsd.get_ylabel(), gyration.get_ylabel()) == ("RMSD (Å)", "Radius of gyration (Å)")
    series = observations.runs[0].trajectory
    np.testing.assert_array_equal(rmsd.lines[0].get_ydata(), series.rmsd_angstrom)
    np.testing.assert_array_equal(gyration.lines[0].get_ydata(), series.radius_of_gyration_angstrom)


def test_what_is_missing_is_left_out(make_observations, figures, tmp_path):
    blank = np.full(100, np.nan)
    shape_figure(with_trajectory(make_observations(), rmsd_angstrom=blank), path=tmp_path / "s.png")
    assert [axes.get_ylabel() for axes in figures[0].axes] == ["Radius of gyration (Å)"]


def test_replicas_are_named(make_observations, make_run, figures, tmp_path):
    observations = make_observations()
    runs = tuple(make_run(observations.system, seed=k, name=f"r{k}", replica=k) for k in (0, 1))
    shape_figure(replace(observations, runs=runs), path=tmp_path / "s.png")
    (legend,) = figures[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["replica 0", "replica 1"]


def test_without_a_trajectory_there_is_no_figure(make_observations, tmp_path):
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
        assert bond_figure(case, path=tmp_path / "b.png") is None
        assert shape_figure(case, path=tmp_path / "s.png") is None
    other_bonds = with_trajectory(observations, bond_lengths_angstrom=np.ones((100, 7)))
    assert bond_figure(other_bonds, path=tmp_path / "b.png") is None
    assert not list(tmp_path.iterdir())
