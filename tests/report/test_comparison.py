import json

import pytest

from openmm_mlff.report.comparison import compare, comparison_markdown, write_comparison
from openmm_mlff.results import Status, VerdictStatus


@pytest.fixture(scope="module")
def reports(make_report, make_checks):
    bad = {"status": Status.FAIL, "value": 0.5}
    worse = [one.model_copy(update=bad) for one in make_checks() if one.id != "speed"]
    rejected = {"status": VerdictStatus.REJECTED, "failure_modes": ("Molecules fall apart.",)}
    return [
        make_report(name="original", systems=("water", "methane"), n_parameters=427_001),
        make_report(name="tiny", checks=worse, **rejected),
    ]


def test_results_stand_side_by_side_and_missing_ones_are_null(reports):
    table = compare(reports)
    assert table["schema_version"] == 2
    models = [(model["label"], model["n_parameters"]) for model in table["models"]]
    assert models == [("original", 427_001), ("tiny", 77_001)]
    statuses = {label: verdict["status"] for label, verdict in table["verdicts"].items()}
    assert statuses == {"original": "APPROVED", "tiny": "REJECTED"}
    checks = {(row["id"], row["system"]): row for row in table["checks"]}
    assert len(checks) == 12
    forces = checks["force_accuracy", "water"]
    assert forces["unit"] == "eV/Å"
    assert forces["results"]["original"]["value"] == 0.0345
    numbers = {"value": 0.5, "interval": None, "threshold": 0.2, "at_least": False}
    message = "force_accuracy was found to be good."
    assert forces["results"]["tiny"] == {"status": "FAIL", "message": message, **numbers}
    assert checks["speed", "water"]["results"]["tiny"] is None
    assert checks["stability", "methane"]["results"]["tiny"] is None
    assert checks["drift_percent", "water"]["required"] is False


def test_the_page_has_verdicts_numbers_and_links(reports, tmp_path):
    links = ["original", "my tiny/report.md"]
    page = comparison_markdown(reports, links=links, folder=tmp_path, note="No reference.")
    for part in (
        "No reference.",
        "| `original` | 427,001 | **APPROVED** |",
        "[report](original/report.md)",
        "[report](my%20tiny/report.md)",
        "- `tiny`: Molecules fall apart.",
        "| tiny | water | NVE, 300 K, 0.5 fs | ✘ 0.5 |",
        "| water | `force_accuracy` | ≤ 0.2 | eV/Å | ✔ 0.0345 | ✘ 0.5 |",
    ):
        assert part in page
    page = comparison_markdown(reports, folder=tmp_path)
    assert "[report]" not in page
    assert "## Figures" not in page


def test_all_files_are_written_and_no_figure_without_numbers(
    reports, make_report, tmp_path, png_inches
):
    folder = tmp_path / "all"
    write_comparison(reports, folder, links=["original", "tiny"], page="README.md", title="All")
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.md", *(f"comparison.{end}" for end in ("html", "json", "png", "svg"))}
    assert png_inches(folder / "comparison.png")[0] == pytest.approx(7.0, abs=0.01)
    written = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(compare(reports)))
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert page.startswith("# All\n")
    assert 'src="comparison.png"' in page
    write_comparison([make_report(checks=[])], tmp_path / "none")
    names = {path.name for path in (tmp_path / "none").iterdir()}
    assert names == {f"comparison.{end}" for end in ("html", "json", "md")}
