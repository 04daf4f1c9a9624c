import re

from openmm_mlff.report.html.citing import DOIS, bibtex, linked, methods_text
from openmm_mlff.results import Status, VerdictStatus

VERSIONS = {"openmm_mlff": "0.1.0", "openmm": "8.6.1", "tblite": "0.8.0"}
GFN2 = "ase:tblite.ase:TBLite?method=GFN2-xTB"


def test_the_methods_name_model_conditions_reference_and_what_failed(make_report, make_checks):
    checks = make_checks(force_accuracy={"status": Status.FAIL})
    report = make_report(checks=checks, status=VerdictStatus.REJECTED)
    text = methods_text(
        report.model_copy(update={"environment": {"versions": VERSIONS, "reference": GFN2}})
    )
    for part in ("tiny", "0123456789ab", "8.6.1", "300 K", "GFN2-xTB", "5 passed", "REJECTED"):
        assert part in text
    assert "force_accuracy (water)" in text
    assert "ase:" not in text


def test_bibtex_has_an_entry_of_each_package_that_was_used(make_report):
    report = make_report().model_copy(update={"environment": {"versions": VERSIONS}})
    keys = re.findall(r"^@\w+\{(\w+),", bibtex(report), flags=re.M)
    assert keys == ["openmm_mlff", "openmm", "tblite"]
    assert bibtex(report).count("{") == bibtex(report).count("}")
    assert "version = {0.1.0}" in bibtex(report)


def test_a_source_is_linked_to_its_doi_and_other_text_is_escaped():
    text = linked("Yeh and Hummer 2004 <b>")
    doi = DOIS["Yeh and Hummer 2004"]
    assert text == f'<a href="https://doi.org/{doi}">Yeh and Hummer 2004</a> &lt;b&gt;'
    assert linked("Badger's rule (1934)").startswith("<a ")
