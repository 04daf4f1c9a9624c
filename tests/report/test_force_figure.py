from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report import force_figure as module
from openmm_mlff.report.force_figure import force_figure
from openmm_mlff.storage.measurements import Measurement


@pytest.fixture
def accuracy(make_checks):
    return next(result for result in make_checks() if result.id == "force_accuracy")


@pytest.fixture
def with_forces(make_labels):
    def make(observations, **forces):
        labels = make_labels(observations.system, **forces)
        return replace(observations, measurements={labels.name: labels})

    return make


def with_arrays(observations, **changes):
    """Arrays that do not make a record; None leaves one out."""
    labels = observations.measurements["reference_labels"]
    arrays = {k: v for k, v in {**labels.arrays, **changes}.items() if v is not None}
    return replace(observations, measurements={labels.name: replace(labels, arrays=arrays)})


def test_the_errors_written_are_those_of_the_check(
    make_observations, accuracy, figures, tmp_path, png_inches
):
    record = force_figure(make_observations(), path=tmp_path / "f.png", accuracy=accuracy)
    assert png_inches(record.path) == pytest.approx((7.0, 2.9), abs=0.01)
    parity, scatter, histogram = figures[0].axes
    (written,) = parity.texts
    assert written.get_text() == "RMSE 0.0345 eV/Å\nMAE 0.021 eV/Å\nR² 0.9987"
    names = [text.get_text() for text in parity.get_legend().get_texts()]
    assert names == ["H  0.031", "O  0.042"]
    for axes in (scatter, histogram):
        assert {-0.0345, 0.0, 0.0345} == {one.get_ydata()[0] for one in axes.lines}
    assert "on 20 frames" in record.caption
    assert "predicted against xtb" in record.caption
    assert "refused 2 further frames" in record.caption
    assert "at most 0.2 eV/Å allowed (✔ PASS)" in record.caption
    assert "Median angle between the force vectors: 1.7°." in record.caption


def test_every_component_is_drawn_in_its_element_s_colour(
    make_observations, accuracy, figures, tmp_path
):
    force_figure(make_observations(), path=tmp_path / "f.png", accuracy=accuracy)
    hydrogen, oxygen = figures[0].axes[0].collections
    assert (len(hydrogen.get_offsets()), len(oxygen.get_offsets())) == (20 * 2 * 3, 20 * 3)
    histogram = figures[0].axes[2]
    assert sum(bar.get_width() for bar in histogram.patches) == 20 * 3 * 3


def test_without_the_check_nothing_is_computed(make_observations, figures, tmp_path):
    record = force_figure(make_observations(), path=tmp_path / "f.png", accuracy=None)
    assert "RMSE" not in record.caption
    assert not figures[0].axes[0].texts


def test_numbers_that_are_not_finite_are_passed_over(
    make_observations, with_forces, accuracy, figures, tmp_path
):
    reference = np.ones((4, 3, 3))
    model = reference.copy()
    model[0], model[1, 0, 0] = np.nan, np.inf
    observations = with_forces(make_observations(), model_forces=model, reference_forces=reference)
    assert force_figure(observations, path=tmp_path / "f.png", accuracy=accuracy) is not None
    drawn = sum(len(points.get_offsets()) for points in figures[0].axes[0].collections)
    assert drawn == 3 * 9 - 1


def test_perfect_forces_are_drawn_too(make_observations, with_forces, tmp_path, png_inches):
    same = np.zeros((2, 3, 3))
    observations = with_forces(make_observations(), model_forces=same, reference_forces=same)
    record = force_figure(observations, path=tmp_path / "f.png", accuracy=None)
    assert png_inches(record.path)[0] == pytest.approx(7.0, abs=0.01)


def test_very_many_components_are_drawn_by_density(
    make_observations, accuracy, figures, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "MOST_POINTS", 100)
    force_figure(make_observations(), path=tmp_path / "f.png", accuracy=accuracy)
    counts = figures[0].axes[0].collections[0].get_array()
    assert counts.sum() == 20 * 3 * 3


def test_without_comparable_forces_there_is_no_figure(
    make_observations, with_forces, accuracy, tmp_path
):
    observations = make_observations()
    ones, name = np.ones((4, 3, 3)), "reference_labels"
    cases = [
        replace(observations, measurements={}),
        replace(observations, measurements={name: Measurement(name, "skipped")}),
        with_arrays(observations, reference_forces=None),
        with_arrays(observations, reference_forces=np.ones((5, 3, 3))),
        with_arrays(observations, model_forces=ones[:, :2], reference_forces=ones[:, :2]),
        with_forces(observations, model_forces=ones[:0], reference_forces=ones[:0]),
        with_forces(observations, model_forces=ones * np.nan, reference_forces=ones),
    ]
    for case in cases:
        assert force_figure(case, path=tmp_path / "f.png", accuracy=accuracy) is None
    assert not list(tmp_path.iterdir())
