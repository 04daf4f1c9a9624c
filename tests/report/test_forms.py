"""Terminal, summary, Markdown and HTML show what the report holds, and nothing else judges it."""

import html
import json
import re

import pytest

from openmm_mlff.report.comparison import comparison_markdown
from openmm_mlff.report.summary import render_summary, verdict_line
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.report.writer import write_report
from openmm_mlff.results import ClaimStatus, Status, VerdictStatus
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.storage.runs import Evidence

BROKEN = (
    "On water at 300 K, 0.5 fs, the bond [O1–H2] broke after 3.21 ps of 10 ps: it is 2.4 Å long, "
    "2.5 times its length at the start, and |F| is 130 eV/Å."
)
COMPLETE = ("terminal", "wide terminal", "Markdown", "HTML")
WITH_VERDICT = (*COMPLETE, "summary")


@pytest.fixture
def forms(tmp_path, make_observations, printed):
    """Return the text of every form of a report, without markup and with single spaces."""

    def write(report):
        directory = RunDirectory.create(tmp_path)
        write_report(directory, report, {"water": Evidence(make_observations().system)})
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        page = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
        markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
        texts = {
            "terminal": printed(render_report, report, width=80, report_path="x"),
            "wide terminal": printed(render_report, report, width=140, report_path="x"),
            "summary": printed(render_summary, report, width=80, report_path="x"),
            "Markdown": html.unescape(re.sub(r"[\\`*]", "", markdown)),
            "HTML": html.unescape(re.sub(r"<[^>]*>", " ", page)),
            "line": verdict_line(report, report_path="x").plain,
            "comparison": printed(render_comparison, [report]),
            "comparison page": comparison_markdown([report], folder=tmp_path),
        }
        return {form: " ".join(text.split()) for form, text in texts.items()}

    return write


@pytest.fixture(scope="module")
def broken_report(make_report, make_result):
    """A rejected report with every status and a long message."""
    parity = {"group": "parity", "value": 2.1e-6, "unit": "eV/Å", "threshold": 1e-4}
    stability = {"value": 3.21, "unit": "ps", "threshold": 10.0, "message": BROKEN}
    checks = [
        make_result("export_parity", **parity),
        make_result("stability", status=Status.FAIL, **stability),
        make_result("energy_drift", status=Status.INCONCLUSIVE, unit="meV/atom/ps"),
        make_result("geometry_accuracy", group="accuracy", status=Status.ERROR),
        make_result("force_accuracy", group="accuracy", status=Status.SKIPPED),
        make_result("memory", group="performance", value=812.3, unit="MiB", required=False),
        make_result("rotation_invariance", group="surface", status=Status.NOT_APPLICABLE),
    ]
    return make_report(
        status=VerdictStatus.REJECTED,
        checks=checks,
        reasons=("stability on water: 3.21 ps, 10 ps are needed.",),
        failure_modes=("Molecules fall apart.",),
    )


def test_every_form_shows_model_verdict_scope_and_every_result(forms, broken_report):
    texts = forms(broken_report)
    verdict = broken_report.verdict
    facts = ["student:tiny", "77,001", "REJECTED", "300 K", "Reference, mixed precision", "3.21"]
    facts += [verdict.recommendation, verdict.next_step, *verdict.failure_modes]
    facts += [str(reason) for reason in verdict.reasons]
    results = ["0123456789ab", "2.1e-6", "1e-4", "812", "MiB"]
    for result in broken_report.checks:
        results += [result.id, result.status.value]
    for form in WITH_VERDICT:
        assert [fact for fact in facts if fact not in texts[form]] == [], form
    for form in COMPLETE:
        assert [fact for fact in results if fact not in texts[form]] == [], form
        # A message may be wrapped in a column, but no word of it is lost.
        assert [word for word in BROKEN.split() if word not in texts[form]] == [], form


@pytest.mark.parametrize("status", list(VerdictStatus))
def test_every_form_shows_the_one_verdict(make_report, forms, tmp_path, status):
    # The checks all passed: two of the verdicts differ from what judging again would give.
    for form, text in forms(make_report(status=status)).items():
        assert status.value in text, form
        for other in set(VerdictStatus) - {status, VerdictStatus.INCONCLUSIVE}:
            assert other.value not in text, form
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["verdict"]["status"] == status.value


def test_every_form_shows_label_claims_and_what_is_not_applicable(make_report, make_result, forms):
    checks = [make_result("speed", status=Status.NOT_APPLICABLE)]
    label = "APPROVED as sound alone"
    texts = forms(make_report(checks=checks, accurate=ClaimStatus.NOT_ASKED, label=label))
    for form, text in texts.items():
        assert label in text, form
        if form in WITH_VERDICT:
            assert re.search(r"(?i)accurate: NOT ASKED", text), form
            assert re.search(r"(?i)not applicable", text), form


def test_a_report_without_results_has_every_form(make_report, forms, tmp_path):
    texts = forms(make_report(checks=[], reasons=()))
    assert all("APPROVED" in text for text in texts.values())
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.html", "report.json", "report.md"}
