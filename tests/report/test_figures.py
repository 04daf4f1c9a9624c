from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks import CHECKS
from openmm_mlff.plots import Axis, Level, Line, Panel, Plot
from openmm_mlff.report.figures import (
    OF_A_CONDITION,
    OF_A_SYSTEM,
    PlacedPlot,
    report_plots,
    write_figures,
)
from openmm_mlff.storage.runs import Evidence

X = np.linspace(-20.0, 20.0, 9)


@pytest.fixture
def bending():
    marks = [Line(X, X**2, "costs $5"), Level(0.02, "limit: 0.02")]
    panel = Panel(Axis("Bend (°)"), Axis("Energy ($\\frac)"), marks)
    return PlacedPlot("own_check", "water", None, Plot("Energy of bending", [panel], name="bend"))


@pytest.fixture
def bare(make_observations):
    return {"water": make_observations(runs=(), condition=None, measurements={})}


def test_plots_have_the_names_and_the_place_of_their_checks(
    make_observations, make_report, tmp_path
):
    observations = replace(make_observations(), condition=None)
    placed = report_plots({"water": observations}, make_report())
    assert {one.check_id: one.stem for one in placed if one.condition is None} == {
        "force_accuracy": "water_forces"
    }
    assert sorted(one.stem for one in placed if one.condition is not None) == [
        "water_bonds_nve_300K_0.5fs",
        "water_energy_nve_300K_0.5fs",
        "water_momentum_nve_300K_0.5fs",
        "water_shape_nve_300K_0.5fs",
        "water_temperature_nve_300K_0.5fs",
    ]
    records = write_figures(placed, tmp_path, model="tiny")
    assert [record.path.stem for record in records] == [one.stem for one in placed]
    assert all(record.path.is_file() and record.svg_path.is_file() for record in records)
    assert [record.caption for record in records] == [one.plot.caption for one in placed]
    order = [check.id for check in CHECKS]
    assert [one.check_id for one in placed] == sorted(
        (one.check_id for one in placed), key=order.index
    )


def test_each_condition_is_drawn_with_its_own_result(
    make_observations, make_report, make_result, condition
):
    hot = replace(condition, temperature_kelvin=500.0)
    observations = replace(make_observations(), condition=None, measurements={})
    (run,) = observations.runs
    bare = replace(run, trajectory=None)
    both = replace(
        observations, runs=(bare, replace(bare, condition=hot, name="nve_500K_0.5fs_r0"))
    )
    report = make_report(
        checks=[
            make_result(
                value=value, unit="meV/atom/ps", message=f"It is {value}.", condition=at.as_dict()
            )
            for value, at in ((0.01, condition), (0.07, hot))
        ]
    )
    placed = report_plots({"water": both}, report)
    captions = {one.stem: one.plot.caption for one in placed}
    assert captions["water_energy_nve_300K_0.5fs"].endswith("It is 0.01. (✔ PASS)")
    assert captions["water_energy_nve_500K_0.5fs"].endswith("It is 0.07. (✔ PASS)")
    assert len(placed) == 6


def test_a_plot_of_a_check_is_placed_with_its_result(bending, bare, make_report, make_result):
    report = make_report(checks=[make_result("own_check", message="It bends.")])
    (placed,) = report_plots(bare, report, plots=[bending])
    assert placed.stem == "water_bend"
    assert placed.plot.caption == (
        "Energy of bending: Energy ($\\frac) against Bend (°). It bends. (✔ PASS)"
    )


def test_each_condition_of_a_check_has_a_file_of_its_own(bending, bare, condition, make_report):
    hot = replace(condition, temperature_kelvin=500.0, ensemble="n/ve")
    plots = [replace(bending, condition=one) for one in (condition, hot)]
    placed = report_plots(bare, make_report(), plots=plots)
    assert placed[0].stem == "water_bend_nve_300K_0.5fs"
    assert "/" not in placed[1].stem
    assert placed[0].where == "NVE, 300 K, 0.5 fs"


@pytest.mark.parametrize("marks", [[], [Line(X, np.full(9, np.nan))], [Level(1.0)]])
def test_a_plot_without_data_is_not_drawn(bending, bare, make_report, marks):
    empty = Plot("Nothing", [Panel(Axis(), Axis(), marks)])
    assert report_plots(bare, make_report(), plots=[replace(bending, plot=empty)]) == []


def test_a_system_that_was_never_run_has_no_plots(make_observations, make_report):
    nothing = Evidence(system=make_observations().system)
    assert report_plots({"water": nothing}, make_report()) == []


def test_every_plot_belongs_to_a_check_of_the_registry():
    known = {check.id for check in CHECKS}
    assert {check_id for check_id, _ in (*OF_A_SYSTEM, *OF_A_CONDITION)} <= known
