from pathlib import Path

from openmm_mlff.checks import CHECKS
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.html.charts import draw_charts
from openmm_mlff.report.html.charts.table import OF_A_CONDITION, OF_A_SYSTEM


def test_charts_belong_to_checks_of_the_registry():
    known = {spec.id for spec in CHECKS}
    assert {check_id for check_id, _ in (*OF_A_SYSTEM, *OF_A_CONDITION)} <= known


def test_each_chart_has_its_place_and_the_caption_of_its_figure(make_report, make_observations):
    figures = [
        FigureRecord(Path("water_energy_nve_300K_0.5fs.png"), "Energy", "It drifts.", "water"),
        FigureRecord(Path("methane_forces.png"), "Forces", "Of another.", "methane"),
    ]
    charts = draw_charts(
        {"water": make_observations(condition=None)}, make_report(), figures=figures
    )
    by_kind = {chart.kind: chart for chart in charts}
    assert set(by_kind) == {"forces", "bonds", "energy", "temperature", "momentum"}
    energy = by_kind["energy"]
    assert energy.caption == "It drifts."
    assert (energy.check_id, energy.system) == ("energy_drift", "water")
    assert energy.condition == "NVE, 300 K, 0.5 fs"
    assert by_kind["forces"].condition == ""
