from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.plots import Level, Points
from openmm_mlff.report.accuracy_plots import MOST_COMPONENTS, WORST, plot_forces
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


def points(panel):
    return [mark for mark in panel.marks if isinstance(mark, Points)]


def test_the_errors_shown_are_those_of_the_check(make_observations, accuracy):
    plot = plot_forces(make_observations(), accuracy)
    parity, scatter, histogram = plot.panels
    names = [one.name for one in points(parity)]
    assert names == ["H, RMSE 0.031 eV/Å", "O, RMSE 0.042 eV/Å"]
    assert [one.name for one in points(scatter)] == names
    levels = [mark.value for mark in scatter.marks if isinstance(mark, Level)]
    assert levels == [0.0, 0.0345, -0.0345]
    assert [line.x[0] for line in histogram.marks[1:]] == [0.0345, -0.0345]
    for words in (
        "on 20 frames",
        "predicted against xtb",
        "refused 2 further frames",
        "MAE 0.021 eV/Å",
        "R² 0.9987",
        "1.7°",
        "180 of 180 are drawn",
    ):
        assert words in plot.caption


def test_every_component_is_drawn_in_its_element_s_colour(make_observations, accuracy):
    parity, _, histogram = plot_forces(make_observations(), accuracy).panels
    hydrogen, oxygen = points(parity)
    assert (len(hydrogen.x), len(oxygen.x)) == (20 * 2 * 3, 20 * 3)
    assert hydrogen.colour != oxygen.colour
    assert sum(histogram.marks[0].y) == 20 * 3 * 3


def test_without_the_check_nothing_is_computed(make_observations):
    plot = plot_forces(make_observations(), None)
    assert "MAE" not in plot.caption
    assert [one.name for one in points(plot.panels[0])] == ["H", "O"]


def test_numbers_that_are_not_finite_are_passed_over(make_observations, with_forces, accuracy):
    reference = np.ones((4, 3, 3))
    model = reference.copy()
    model[0], model[1, 0, 0] = np.nan, np.inf
    observations = with_forces(make_observations(), model_forces=model, reference_forces=reference)
    parity, *_ = plot_forces(observations, accuracy).panels
    assert sum(len(one.x) for one in points(parity)) == 3 * 9 - 1


def test_perfect_forces_are_drawn_too(make_observations, with_forces):
    same = np.zeros((2, 3, 3))
    observations = with_forces(make_observations(), model_forces=same, reference_forces=same)
    assert plot_forces(observations, None).has_data()


def test_of_very_many_components_the_worst_are_always_drawn(make_observations, with_forces):
    reference = np.random.default_rng(1).normal(size=(2000, 3, 3))
    model = reference.copy()
    model[1234, 1, 2] += 7.0
    observations = with_forces(make_observations(), model_forces=model, reference_forces=reference)
    _, scatter, histogram = plot_forces(observations, None).panels
    drawn = points(scatter)
    assert max(one.y.max() for one in drawn) == pytest.approx(7.0)
    assert sum(len(one.x) for one in drawn) <= MOST_COMPONENTS + WORST
    assert sum(histogram.marks[0].y) == reference.size


def test_without_comparable_forces_there_is_no_plot(make_observations, with_forces, accuracy):
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
        assert plot_forces(case, accuracy) is None
