import re

from openmm_mlff.report.markdown import report_markdown, summary_table
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


def test_the_verdict_comes_first_and_the_sections_in_their_order(make_report):
    text = report_markdown(
        make_report(status=VerdictStatus.REJECTED, failure_modes=("It breaks.",))
    )
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


def test_the_summary_has_the_key_numbers_and_every_check_its_row(make_report, make_checks):
    text = report_markdown(make_report())
    numbers = ["✔ 10", "✔ 0.0123 ± 0.0045", "✔ 0.0345", "✔ 1.5", "✔ 1.84"]
    assert "| Energy drift (meV/atom/ps) | Force RMSE (eV/Å) |" in text
    assert rows_of(text, after="## Summary") == [["water", "NVE, 300 K, 0.5 fs", *numbers]]
    rows = rows_of(text, after="### water")
    reported = {"drift_percent": "†"}
    assert [row[0] for row in rows] == [
        f"`{one.id}`{reported.get(one.id, '')}" for one in make_checks()
    ]
    message = "force_accuracy was found to be good."
    assert rows[3] == ["`force_accuracy`", "✔ PASS", "0.0345", "≤ 0.2", "eV/Å", message]


def test_messages_are_escaped_and_details_left_to_the_page(make_report, make_result):
    message = "|F| reached 120 eV/Å <b>\nand `E` | rose"
    broken = make_result(
        status=Status.FAIL, message=message, evidence={"traceback": "Traceback: x"}
    )
    text = report_markdown(make_report(checks=[broken]))
    (row,) = rows_of(text, after="### water")
    assert row[1] == "**✘ FAIL**"
    assert row[-1] == r"\|F\| reached 120 eV/Å &lt;b&gt; and \`E\` \| rose"
    assert "Traceback" not in text
    assert "(report.html)" in text
    assert "(report.json)" in text


def test_conditions_have_a_column_where_there_are_several(make_report, make_result):
    checks = [make_result(condition=one.as_dict()) for one in (CONDITION, HOT)]
    rows = rows_of(report_markdown(make_report(checks=checks)), after="### water")
    assert [row[5] for row in rows] == ["NVE, 300 K, 0.5 fs", "NVE, 500 K, 0.5 fs"]


def test_a_limit_to_reach_is_marked_and_what_is_not_applicable_comes_last(make_report, make_result):
    checks = [
        make_result("rotation_invariance", group="surface", status=Status.NOT_APPLICABLE),
        make_result("stability", value=12.0, threshold=5.0, at_least=True, unit="ps"),
    ]
    stability, rotation = rows_of(report_markdown(make_report(checks=checks)), after="### water")
    assert (stability[0], stability[3]) == ("`stability`", "≥ 5")
    assert rotation[:2] == ["`rotation_invariance`", "○ NOT APPLICABLE"]
