from openmm_mlff.plots import Plot
from openmm_mlff.report.figures import PlacedPlot
from openmm_mlff.report.html.sections import Chart, check_sections
from openmm_mlff.results import Status


def test_a_section_holds_question_thresholds_counts_and_findings(make_report):
    report = make_report()
    criteria = {"energy_drift": {"slope": {"value": 0.1, "unit": "meV/atom/ps", "source": "LAMB"}}}
    report = report.model_copy(update={"protocol": {"name": "own", "criteria": criteria}})
    sections = {section.check_id: section for section in check_sections(report, charts=[])}
    drift = sections["energy_drift"]
    assert drift.title == "Is the total energy conserved?"
    assert drift.thresholds == (("slope", "≤ 0.1", "meV/atom/ps", "LAMB"),)
    assert drift.counts == (("✔", "PASS", 1),)
    assert ("slope_mev_per_atom_per_ps", "-0.0123") in drift.findings[0].evidence
    assert drift.findings[0].where == "water, NVE, 300 K, 0.5 fs"
    assert not drift.open


def test_a_check_that_the_registry_does_not_know_is_shown_open(make_report, make_result):
    result = make_result("own_check", status=Status.ERROR, evidence={"traceback": "Traceback ..."})
    (section,) = check_sections(make_report(checks=[result]), charts=[])
    assert (section.spec, section.title, section.open) == (None, "own_check", True)
    (finding,) = section.findings
    assert (finding.traceback, finding.evidence, finding.rows) == ("Traceback ...", (), ())


def test_each_measure_is_a_row_with_its_direction_and_failed_checks_come_first(
    make_report, make_result
):
    def measure(value, **fields):
        defaults = {"unit": "eV", "threshold": 5.0, "at_least": True, "ok": True}
        return {"what": "the wall of O–O is", "value": value, **defaults, **fields}

    worst = {"value": 0.0, "unit": "eV", "threshold": 5.0, "at_least": True}
    walls = make_result(
        "short_range_repulsion",
        group="surface",
        status=Status.FAIL,
        evidence={"measures": [measure(43.0), measure(0.0, ok=False)], "pairs": 2},
        **worst,
    )
    drift = make_result(value=0.02, unit="meV/atom/ps", threshold=0.1)
    first, last = check_sections(make_report(checks=[drift, walls]), charts=[])
    assert (first.check_id, first.open, last.open) == ("short_range_repulsion", True, False)
    assert [(row.value, row.limit, row.ok) for row in first.findings[0].rows] == [
        ("43 eV", "≥ 5 eV", True),
        ("0 eV", "≥ 5 eV", False),
    ]
    assert first.findings[0].evidence == (("pairs", "2"),)
    (row,) = last.findings[0].rows
    assert (row.limit, row.ok) == ("≤ 0.1 meV/atom/ps", True)


def test_charts_of_one_kind_stand_side_by_side(make_report, make_result):
    charts = [
        Chart(PlacedPlot(check_id, system, None, Plot("", [], name=kind)), {})
        for check_id, kind, system in (
            ("energy_drift", "energy", "water"),
            ("energy_drift", "temperature", "water"),
            ("speed", "other", "water"),
            ("energy_drift", "energy", "methane"),
        )
    ]
    (section,) = check_sections(make_report(checks=[make_result()]), charts=charts)
    assert [k for k, _ in section.charts] == [0, 3, 1]
    # A passed check is one closed line, with or without charts.
    assert not section.open


def test_a_check_that_applies_to_no_system_comes_last(make_report, make_result):
    aside, here = {"status": Status.NOT_APPLICABLE}, {"system": "methane"}
    order = ("permutation_invariance", "size_extensivity", "periodic_consistency")
    checks = [
        make_result(check_id, group="surface", **fields)
        for check_id, fields in (
            (order[2], aside),
            (order[0], aside),
            (order[0], here),
            (order[1], {}),
        )
    ]
    sections = check_sections(make_report(checks=checks), charts=[])
    assert tuple(section.check_id for section in sections) == order
