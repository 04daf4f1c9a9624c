import re

import pytest

from openmm_mlff.report.markdown import report_markdown, summary_table
from openmm_mlff.results import ClaimStatus, Status, VerdictStatus

CELL_BORDER = re.compile(r"(?<!\\)\|")


def rows_of(page, *, after):
    """Cells of the first table after a line, header and ruler left out."""
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
    report = make_report(
        status=VerdictStatus.REJECTED, failure_modes=("Water falls apart.",), reasons=("No.",)
    )
    page = report_markdown(report)
    heads = [line for line in page.splitlines() if line.startswith("#")]
    assert heads == [
        "# Validation of `student:tiny`",
        "## Verdict: REJECTED",
        "### Sound: NO",
        "### Accurate: NOT ASKED",
        "### Failure modes",
        "### Recommended use",
        "### Next step",
        "### Tested scope",
        "## Summary",
        "## Checks",
        "### water",
    ]
    for words in ("- No.", "- Water falls apart.", "Use it for small molecules.", "77,001"):
        assert words in page


def test_the_summary_has_the_key_numbers(make_report):
    page = report_markdown(make_report())
    assert "| Energy drift (meV/atom/ps) | Force RMSE (eV/Å) |" in page
    assert rows_of(page, after="## Summary") == [
        [
            "water",
            "NVE, 300 K, 0.5 fs",
            "✔ 10",
            "✔ 0.0123 ± 0.0045",
            "✔ 0.0345",
            "✔ 1.5",
            "✔ 1.84",
        ]
    ]


def test_every_check_has_its_row(make_report):
    page = report_markdown(make_report())
    rows = rows_of(page, after="### water")
    assert [row[0] for row in rows] == [
        "`stability`",
        "`energy_drift`",
        "`drift_percent`†",
        "`force_accuracy`",
        "`energy_accuracy`",
        "`speed`",
    ]
    assert rows[3] == [
        "`force_accuracy`",
        "✔ PASS",
        "0.0345",
        "0.2",
        "eV/Å",
        "force_accuracy was found to be good.",
    ]


def test_pipes_and_tags_in_messages_do_not_break_the_table(make_report, make_result):
    message = "|F| reached 120 eV/Å <b>\nand `E` | rose"
    report = make_report(checks=[make_result(status=Status.FAIL, message=message)])
    (row,) = rows_of(report_markdown(report), after="### water")
    assert row[1] == "**✘ FAIL**"
    assert row[-1] == r"\|F\| reached 120 eV/Å &lt;b&gt; and \`E\` \| rose"


def test_conditions_have_a_column_where_there_are_several(make_report, make_result, condition):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    checks = [make_result(condition=condition.as_dict()), make_result(condition=hot)]
    page = report_markdown(make_report(checks=checks))
    rows = rows_of(page, after="### water")
    assert [row[5] for row in rows] == ["NVE, 300 K, 0.5 fs", "NVE, 500 K, 0.5 fs"]


def test_details_are_left_to_the_page(make_report, make_result):
    broken = make_result(status=Status.ERROR, evidence={"traceback": "Traceback: x"})
    page = report_markdown(make_report(checks=[broken]))
    assert "Traceback" not in page
    assert "(report.html)" in page
    assert "(report.json)" in page


def test_a_report_without_results_says_so(make_report):
    page = report_markdown(make_report(checks=[], reasons=()))
    assert "Nothing was checked." in page
    assert "- no reason was given" in page
    assert "| water | – | – | – | – | – | – |" in page


def test_nothing_measured_is_a_sentence():
    assert summary_table([]) == "Nothing was measured."


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_no_blank_lines_pile_up(make_report, status):
    page = report_markdown(make_report(status=status))
    assert "\n\n\n" not in page
    assert page.endswith("\n")
    assert not page.endswith("\n\n")


def test_the_page_shows_the_label_both_claims_and_what_is_not_applicable(make_report, make_result):
    checks = [
        make_result("rotation_invariance", group="surface", status=Status.NOT_APPLICABLE),
        make_result("stability", value=12.0, threshold=5.0, at_least=True, unit="ps"),
    ]
    report = make_report(
        checks=checks, accurate=ClaimStatus.NOT_ASKED, label="APPROVED as sound alone"
    )
    page = report_markdown(report)
    assert "## Verdict: APPROVED as sound alone" in page
    assert "### Accurate: NOT ASKED" in page
    rows = rows_of(page, after="### water")
    assert [row[0] for row in rows] == ["`stability`", "`rotation_invariance`"]
    assert rows[0][3] == "≥ 5"
    assert rows[1][1] == "○ NOT APPLICABLE"
