import json

import pytest

from openmm_mlff.report.comparison import compare, comparison_markdown, write_comparison
from openmm_mlff.results import Status, VerdictStatus


@pytest.fixture
def reports(make_report, make_checks):
    worse = [
        result.model_copy(update={"status": Status.FAIL, "value": 0.5})
        for result in make_checks()
        if result.id != "speed"
    ]
    return [
        make_report(name="original", systems=("water", "methane"), n_parameters=427_001),
        make_report(
            name="tiny",
            status=VerdictStatus.REJECTED,
            checks=worse,
            failure_modes=("Molecules fall apart.",),
        ),
    ]


def test_results_stand_side_by_side(reports):
    table = compare(reports)
    assert table["schema_version"] == 2
    assert [model["label"] for model in table["models"]] == ["original", "tiny"]
    assert table["models"][0]["n_parameters"] == 427_001
    assert {label: verdict["status"] for label, verdict in table["verdicts"].items()} == {
        "original": "APPROVED",
        "tiny": "REJECTED",
    }
    forces = next(
        row for row in table["checks"] if (row["id"], row["system"]) == ("force_accuracy", "water")
    )
    assert forces["results"]["original"]["value"] == 0.0345
    assert forces["results"]["tiny"] == {
        "status": "FAIL",
        "value": 0.5,
        "interval": None,
        "threshold": 0.2,
        "at_least": False,
        "message": "force_accuracy was found to be good.",
    }
    assert forces["unit"] == "eV/Å"


def test_what_one_report_lacks_is_null(reports):
    checks = {(row["id"], row["system"]): row for row in compare(reports)["checks"]}
    assert len(checks) == 12
    assert checks["speed", "water"]["results"]["tiny"] is None
    assert checks["stability", "methane"]["results"]["tiny"] is None
    assert checks["drift_percent", "water"]["required"] is False


def test_the_page_has_verdicts_numbers_and_links(reports, tmp_path):
    links = ["original", "my tiny/report.md"]
    page = comparison_markdown(reports, links=links, folder=tmp_path)
    assert "| `original` | 427,001 | **APPROVED** |" in page
    assert "[report](original/report.md)" in page
    assert "[report](my%20tiny/report.md)" in page
    assert "- `tiny`: Molecules fall apart." in page
    assert "| tiny | water | NVE, 300 K, 0.5 fs | ✘ 0.5 |" in page
    assert "| water | `force_accuracy` | 0.2 | eV/Å | ✔ 0.0345 | ✘ 0.5 |" in page
    assert "\n\n\n" not in page


def test_the_page_needs_no_links(reports, tmp_path):
    page = comparison_markdown(reports, folder=tmp_path)
    assert "[report]" not in page
    assert "## Figures" not in page


def test_conditions_are_named_where_there_are_several(
    make_report, make_result, condition, tmp_path
):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    checks = [make_result(condition=condition.as_dict()), make_result(condition=hot)]
    page = comparison_markdown([make_report(checks=checks)], folder=tmp_path)
    assert "| water (NVE, 500 K, 0.5 fs) | `energy_drift` |" in page


def test_all_files_are_written(reports, tmp_path, png_inches):
    write_comparison(reports, tmp_path, links=["original", "tiny"], page="README.md", title="All")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "comparison.html",
        "comparison.json",
        "comparison.png",
        "comparison.svg",
    ]
    assert png_inches(tmp_path / "comparison.png")[0] == pytest.approx(7.0, abs=0.01)
    written = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(compare(reports)))
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.startswith("# All\n")
    assert 'src="comparison.png"' in page


def test_reports_without_numbers_are_compared_without_a_figure(make_report, tmp_path):
    write_comparison([make_report(checks=[])], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "comparison.html",
        "comparison.json",
        "comparison.md",
    ]


def test_a_note_stands_with_the_introduction(reports, tmp_path):
    page = comparison_markdown(reports, folder=tmp_path, note="There was no reference.")
    assert "Every verdict and number is the report's own. There was no reference." in page
