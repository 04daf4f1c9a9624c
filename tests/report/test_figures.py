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

from .conftest import CONDITION, HOT, with_run

X = np.linspace(-20.0, 20.0, 9)
MARKS = [Line(X, X**2, "costs $5"), Level(0.02, "limit: 0.02")]
BEND = Panel(Axis("Bend (°)"), Axis("Energy ($\\frac)"), MARKS)
BENDING = PlacedPlot("own_check", "water", None, Plot("Energy of bending", [BEND], name="bend"))


def test_plots_are_placed_in_the_order_of_the_checks_and_written(
    make_observations, make_report, tmp_path
):
    evidence = replace(make_observations(), condition=None)
    placed = report_plots({"water": evidence}, make_report())
    kinds = ("bonds", "energy", "momentum", "shape", "temperature")
    stems = [f"water_{kind}_nve_300K_0.5fs" for kind in kinds]
    assert sorted(one.stem for one in placed) == [*stems[:2], "water_forces", *stems[2:]]
    order = [check.id for check in CHECKS]
    places = [order.index(one.check_id) for one in placed]
    assert places == sorted(places)
    assert {check_id for check_id, _ in (*OF_A_SYSTEM, *OF_A_CONDITION)} <= set(order)
    records = write_figures(placed, tmp_path, model="tiny")
    assert all(record.path.is_file() and record.svg_path.is_file() for record in records)
    assert [(record.path.stem, record.caption) for record in records] == [
        (one.stem, one.plot.caption) for one in placed
    ]


def test_each_condition_is_drawn_with_its_own_result(make_observations, make_report, make_result):
    cold = with_run(make_observations(condition=None, measurements={}), trajectory=None)
    (run,) = cold.runs
    both = replace(cold, runs=(run, replace(run, condition=HOT, name="nve_500K_0.5fs_r0")))
    checks = [
        make_result(value=value, message=f"It is {value}.", condition=condition.as_dict())
        for value, condition in ((0.01, CONDITION), (0.07, HOT))
    ]
    placed = report_plots({"water": both}, make_report(checks=checks))
    captions = {one.stem: one.plot.caption for one in placed}
    assert captions["water_energy_nve_300K_0.5fs"].endswith("It is 0.01. (✔ PASS)")
    assert captions["water_energy_nve_500K_0.5fs"].endswith("It is 0.07. (✔ PASS)")
    assert len(placed) == 6


@pytest.fixture
def bare(make_observations):
    return {"water": make_observations(runs=(), condition=None, measurements={})}


def test_a_plot_of_a_check_is_placed_with_its_result_and_condition(bare, make_report, make_result):
    report = make_report(checks=[make_result("own_check", message="It bends.")])
    odd = replace(CONDITION, ensemble="n/ve")
    plots = [replace(BENDING, condition=condition) for condition in (None, CONDITION, odd)]
    alone, cold, odd = report_plots(bare, report, plots=plots)
    assert alone.stem == "water_bend"
    assert alone.plot.caption.endswith("It bends. (✔ PASS)")
    assert (cold.stem, cold.where) == ("water_bend_nve_300K_0.5fs", "NVE, 300 K, 0.5 fs")
    assert "/" not in odd.stem


def test_a_plot_without_data_is_not_drawn(bare, make_report):
    empty = Plot("Nothing", [Panel(Axis(), Axis(), [Level(1.0)])])
    assert report_plots(bare, make_report(), plots=[replace(BENDING, plot=empty)]) == []
    assert report_plots({"water": Evidence(bare["water"].system)}, make_report()) == []
