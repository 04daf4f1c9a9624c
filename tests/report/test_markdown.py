import re

import pytest

from openmm_mlff.report.figures import FigureRecord
from openmm_mlff.report.markdown import report_markdown, summary_table, write_markdown
from openmm_mlff.results import Status, VerdictStatus

from .conftest import CONDITION, HOT

CELL_BORDER = re.compile(r"(?<!\\)\|")


def rows_of(page, *, after):
    """Cells of the first table after a line, without header and ruler."""
    lines = page[page.index(after) :].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in CELL_BORDER.split(line)[1:-1]])
    assert len({len(row) for row in table}) == 1
    return table[2:]


@pytest.fixture
def page(tmp_path):
    """Return the page of a report."""
    return lambda report: report_markdown(report, folder=tmp_path)


def test_the_verdict_comes_first_and_the_sections_in_their_order(page, make_report):
    text = page(make_report(status=VerdictStatus.REJECTED, failure_modes=("It breaks.",)))
    assert [line.lstrip("#") for line in text.splitlines() if line.startswith("#")] == [
        " Validation of `student:tiny`",
        " Verdict: REJECTED",
        " Sound: NO",
        " Accurate: NOT ASKED",
        *(" Failure modes", " Recommended use", " Next step", " Tested scope"),
        *(" Summary", " Checks", " water"),
    ]
    assert "\n\n\n" not in text
    assert re.search(r"[^\n]\n\Z", text)
    assert summary_table([]) == "Nothing was measured."


def test_the_summary_has_the_key_numbers_and_every_check_its_row(page, make_report, make_checks):
    text = page(make_report())
    numbers = ["✔ 10", "✔ 0.0123 ± 0.0045", "✔ 0.0345", "✔ 1.5", "✔ 1.84"]
    assert "| Energy drift (meV/atom/ps) | Force RMSE (eV/Å) |" in text
    assert rows_of(text, after="## Summary") == [["water", "NVE, 300 K, 0.5 fs", *numbers]]
    rows = rows_of(text, after="### water")
    reported = {"drift_percent": "†"}
    assert [row[0] for row in rows] == [
        f"`{one.id}`{reported.get(one.id, '')}" for one in make_checks()
    ]
    message = "force_accuracy was found to be good."
    assert rows[3] == ["`force_accuracy`", "✔ PASS", "0.0345", "0.2", "eV/Å", message]


def test_messages_are_escaped_and_details_left_to_the_page(page, make_report, make_result):
    message = "|F| reached 120 eV/Å <b>\nand `E` | rose"
    broken = make_result(
        status=Status.FAIL, message=message, evidence={"traceback": "Traceback: x"}
    )
    text = page(make_report(checks=[broken]))
    (row,) = rows_of(text, after="### water")
    assert row[1] == "**✘ FAIL**"
    assert row[-1] == r"\|F\| reached 120 eV/Å &lt;b&gt; and \`E\` \| rose"
    assert "Traceback" not in text
    assert "(report.html)" in text
    assert "(report.json)" in text


def test_conditions_have_a_column_where_there_are_several(page, make_report, make_result):
    checks = [make_result(condition=one.as_dict()) for one in (CONDITION, HOT)]
    rows = rows_of(page(make_report(checks=checks)), after="### water")
    assert [row[5] for row in rows] == ["NVE, 300 K, 0.5 fs", "NVE, 500 K, 0.5 fs"]


def test_a_limit_to_reach_is_marked_and_what_is_not_applicable_comes_last(
    page, make_report, make_result
):
    checks = [
        make_result("rotation_invariance", group="surface", status=Status.NOT_APPLICABLE),
        make_result("stability", value=12.0, threshold=5.0, at_least=True, unit="ps"),
    ]
    stability, rotation = rows_of(page(make_report(checks=checks)), after="### water")
    assert (stability[0], stability[3]) == ("`stability`", "≥ 5")
    assert rotation[:2] == ["`rotation_invariance`", "○ NOT APPLICABLE"]


def test_figures_are_linked_from_the_page_with_their_captions(make_report, tmp_path):
    path = tmp_path / "run" / "figures" / "my water_energy.png"
    figure = FigureRecord(path, "Total energy", "A slope of 0.1 | per_ps.", "my water")
    write_markdown(make_report(), [figure], tmp_path / "run" / "report.md")
    page = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert 'src="figures/my%20water_energy.png" alt="Total energy, my water"' in page
    assert r"**Figure 1.** A slope of 0.1 \| per_ps." in page
