from openmm_mlff.plots import Plot
from openmm_mlff.report.figures import PlacedPlot
from openmm_mlff.report.html.sections import Chart, check_sections
from openmm_mlff.results import Status


def test_a_section_has_what_the_registry_says_and_the_thresholds_of_the_protocol(make_report):
    report = make_report()
    criteria = {"energy_drift": {"slope": {"value": 0.1, "unit": "meV/atom/ps", "source": "LAMB"}}}
    report = report.model_copy(update={"protocol": {"name": "own", "criteria": criteria}})
    sections = {section.check_id: section for section in check_sections(report, charts=[])}
    drift = sections["energy_drift"]
    assert drift.title == "Is the total energy conserved?"
    assert drift.thresholds == (("slope", "0.1", "meV/atom/ps", "LAMB"),)
    assert drift.counts == (("✔", "PASS", 1),)
    assert ("slope_mev_per_atom_per_ps", "-0.0123") in drift.findings[0].evidence
    assert drift.findings[0].where == "water, NVE, 300 K, 0.5 fs"
    assert not drift.open


def test_a_check_that_the_registry_does_not_know_is_shown_too(make_report, make_result):
    result = make_result("own_check", status=Status.ERROR, evidence={"traceback": "Traceback ..."})
    (section,) = check_sections(make_report(checks=[result]), charts=[])
    assert section.spec is None
    assert section.title == "own_check"
    assert section.open
    assert section.findings[0].traceback == "Traceback ..."
    assert section.findings[0].evidence == ()


def test_charts_of_one_kind_stand_side_by_side(make_report, make_result):
    charts = [
        Chart(PlacedPlot(check_id, system, None, Plot("", [], name=kind)), (), [], {}, 0)
        for check_id, kind, system in (
            ("energy_drift", "energy", "water"),
            ("energy_drift", "temperature", "water"),
            ("speed", "other", "water"),
            ("energy_drift", "energy", "methane"),
        )
    ]
    (section,) = check_sections(make_report(checks=[make_result()]), charts=charts)
    assert [k for k, _ in section.charts] == [0, 3, 1]
    assert section.open


def test_a_check_that_is_not_applicable_to_any_system_comes_last(make_report, make_result):
    aside = {"status": Status.NOT_APPLICABLE, "group": "surface"}
    checks = [
        make_result("periodic_consistency", **aside),
        make_result("permutation_invariance", **aside),
        make_result("permutation_invariance", group="surface", system="methane"),
        make_result("size_extensivity", group="surface"),
    ]
    sections = check_sections(make_report(checks=checks), charts=[])
    assert [section.check_id for section in sections] == [
        "permutation_invariance",
        "size_extensivity",
        "periodic_consistency",
    ]
