from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.plots import Level, Points
from openmm_mlff.report.measurement_plots import (
    MOST_COMPONENTS,
    WORST,
    plot_forces,
    plot_timesteps,
    plot_velocities,
)
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

from .conftest import of_kind, with_record

ONES = np.ones((4, 3, 3))
STEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)
# Total energies that oscillate with an amplitude of 0.3 meV at 0.5 fs, growing as the square.
TOTAL_EV = np.outer(3e-4 * (STEPS_FS / 0.5) ** 2, np.sin(2.0 * np.pi * TIME_PS / 0.01)) - 9.0


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


@pytest.fixture(scope="module")
def converging(make_observations):
    """Make evidence of runs of water at three timesteps."""

    def make(total_ev=TOTAL_EV):
        evidence = make_observations()
        record = Record(
            timesteps_fs=STEPS_FS,
            time_ps=TIME_PS,
            potential_ev=TOTAL_EV[None],
            kinetic_ev=np.zeros((1, *TOTAL_EV.shape)),
            noise_total_ev=np.zeros(9),
            n_atoms=evidence.system.n_atoms,
            failures=("",) * len(STEPS_FS),
        )
        return with_record(evidence, "timestep_convergence", record, potential_ev=total_ev[None])

    return make


@pytest.fixture(scope="module")
def sampled(make_observations):
    """Make Maxwell–Boltzmann velocities of water at 300 K, those of oxygen scaled by a factor."""

    def make(*, samples=4000, factor=1.0, **arrays):
        evidence = make_observations()
        system = evidence.system
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
        return with_record(evidence, "samples", record, **arrays)

    return make


def test_a_spread_that_grows_as_the_square_lies_on_the_line(converging):
    course, spread = plot_timesteps(converging(), None).panels
    assert [line.name for line in course.marks] == ["1 fs", "0.5 fs", "0.25 fs"]
    law, *points = spread.marks
    assert [point.x[0] for point in points] == pytest.approx(STEPS_FS)
    sizes = np.array([point.y[0] for point in points])
    # 0.3 meV over three atoms.
    assert sizes[1] == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-3)
    assert np.diff(np.log(law.y)) / np.diff(np.log(law.x)) == pytest.approx([2.0])
    on_line = np.exp(np.interp(np.log(STEPS_FS), np.log(law.x), np.log(law.y)))
    assert sizes == pytest.approx(on_line)
    assert spread.x.log
    assert spread.x.ticks == pytest.approx(STEPS_FS)
    assert plot_timesteps(converging(np.full((3, 500), -9.0)), None) is not None


@pytest.mark.parametrize(
    ("broken", "drawn"),
    [((2,), ["0.5 fs", "0.25 fs"]), ((1, 2), None), ((0, 1, 2), None), ("short", None)],
)
def test_a_timestep_at_which_the_run_broke_is_omitted(converging, broken, drawn):
    total_ev = TOTAL_EV[:, :4].copy() if broken == "short" else TOTAL_EV.copy()
    if broken != "short":
        total_ev[list(broken), 1:] = np.nan
    plot = plot_timesteps(converging(total_ev), None)
    assert (plot and [line.name for line in plot.panels[0].marks]) == drawn


def test_correct_velocities_lie_on_the_curve_and_others_leave_it(sampled):
    (panel,) = plot_velocities(sampled(), None).panels
    *elements, normal = panel.marks
    assert [line.name for line in elements] == ["H", "O"]
    assert all(np.abs(line.y - normal.y).max() < 0.05 for line in elements)
    (panel,) = plot_velocities(sampled(factor=1.5), None).panels
    hydrogen, oxygen, normal = (line.y.max() for line in panel.marks)
    assert oxygen == pytest.approx(normal / 1.5, rel=0.1)
    assert hydrogen == pytest.approx(normal, rel=0.1)


def test_without_measurements_there_are_no_plots(make_observations, sampled):
    nothing = make_observations()
    assert plot_timesteps(nothing, None) is None
    lost = np.full((4000, 3, 3), np.nan)
    damaged = ({"samples": 3}, {"velocities_angstrom_per_ps": lost}, {"masses_amu": np.ones(2)})
    for case in (nothing, *(sampled(**fields) for fields in damaged)):
        assert plot_velocities(case, None) is None
