from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.plots import Level, Points
from openmm_mlff.report.accuracy_plots import MOST_COMPONENTS, WORST, plot_forces
from openmm_mlff.storage.measurements import Measurement

from .conftest import of_kind

ONES = np.ones((4, 3, 3))


@pytest.fixture(scope="module")
def accuracy(key_checks):
    return key_checks["force_accuracy"]


@pytest.fixture(scope="module")
def with_forces(make_observations, make_labels):
    """Make evidence on water with these forces; arrays that are None are removed."""

    def make(model, reference, **arrays):
        evidence = make_observations()
        labels = make_labels(evidence.system, model_forces=model, reference_forces=reference)
        found = {k: v for k, v in {**labels.arrays, **arrays}.items() if v is not None}
        return replace(evidence, measurements={labels.name: replace(labels, arrays=found)})

    return make


def test_every_component_and_the_errors_of_the_check_are_drawn(make_observations, accuracy):
    plot = plot_forces(make_observations(), accuracy)
    parity, scatter, histogram = plot.panels
    hydrogen, oxygen = of_kind(parity, Points)
    assert (len(hydrogen.x), len(oxygen.x)) == (20 * 2 * 3, 20 * 3)
    assert hydrogen.colour != oxygen.colour
    assert sum(histogram.marks[0].y) == 20 * 3 * 3
    names = ["H, RMSE 0.031 eV/Å", "O, RMSE 0.042 eV/Å"]
    for panel in (parity, scatter):
        assert [one.name for one in of_kind(panel, Points)] == names
    assert [level.value for level in of_kind(scatter, Level)] == [0.0, 0.0345, -0.0345]
    assert [line.x[0] for line in histogram.marks[1:]] == [0.0345, -0.0345]
    for number in ("on 20 frames", "refused 2 further", "MAE 0.021 eV/Å", "R² 0.9987", "1.7°"):
        assert number in plot.caption
    without = plot_forces(make_observations(), None)
    assert "MAE" not in without.caption
    assert [one.name for one in of_kind(without.panels[0], Points)] == ["H", "O"]


def test_non_finite_components_are_omitted(with_forces, accuracy):
    model = ONES.copy()
    model[0], model[1, 0, 0] = np.nan, np.inf
    parity, *_ = plot_forces(with_forces(model, ONES), accuracy).panels
    assert sum(len(one.x) for one in of_kind(parity, Points)) == 3 * 9 - 1
    assert plot_forces(with_forces(0 * ONES, 0 * ONES), None).has_data()


def test_of_very_many_components_the_worst_are_always_drawn(with_forces):
    reference = np.random.default_rng(1).normal(size=(2000, 3, 3))
    model = reference.copy()
    model[1234, 1, 2] += 7.0
    _, scatter, histogram = plot_forces(with_forces(model, reference), None).panels
    drawn = of_kind(scatter, Points)
    assert max(one.y.max() for one in drawn) == pytest.approx(7.0)
    assert sum(len(one.x) for one in drawn) <= MOST_COMPONENTS + WORST
    assert sum(histogram.marks[0].y) == reference.size


def test_without_comparable_forces_there_is_no_plot(make_observations, with_forces, accuracy):
    skipped = {"reference_labels": Measurement("reference_labels", "skipped")}
    for case in (
        make_observations(measurements={}),
        make_observations(measurements=skipped),
        with_forces(ONES, ONES, reference_forces=None),
        with_forces(ONES, ONES, reference_forces=np.ones((5, 3, 3))),
        with_forces(ONES, ONES, model_forces=ONES[:, :2], reference_forces=ONES[:, :2]),
        with_forces(ONES[:0], ONES[:0]),
        with_forces(ONES * np.nan, ONES),
    ):
        assert plot_forces(case, accuracy) is None
