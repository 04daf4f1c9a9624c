"""What is kept of a run, how reports are made together, and the pages that show them."""

import shutil
from dataclasses import replace
from pathlib import Path

import pages
import pytest
from pages import (
    SHIPPED,
    dashboard_text,
    publish_run,
    published_collection,
    put_dashboard,
)

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.report.checks_page import checks_markdown
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport
from openmm_mlff.storage.files import write_text


@pytest.fixture
def report(make_verdict):
    result = CheckResult(
        id="speed",
        group="performance",
        system="water",
        status=Status.PASS,
        value=1.25,
        unit="ms/step",
        threshold=100.0,
        message="On water, a step takes 1.25 ms/step.",
    )
    return ValidationReport(
        model=ModelRecord(spec="student:x", name="x", sha256="0" * 64, n_parameters=5),
        protocol={"name": "standard"},
        environment={},
        systems=("water",),
        checks=(result,),
        verdict=make_verdict(),
    )


@pytest.mark.parametrize("page", [[], ["report.html"]])
def test_the_report_is_kept_and_the_run_is_not(report, tmp_path, page):
    run = tmp_path / "run"
    folder = tmp_path / ("reports/tiny" if page else "elsewhere/reports/tiny/again")
    write_text(run / "report.json", report.to_json())
    for name in ("report.md", "report.html", "run.json"):
        write_text(run / name, name)
    for name in ("energies.csv", "trajectory.dcd", "state.xml"):
        write_text(run / "water/nve_r0" / name, "large")
    write_text(folder / "stale.txt", "of an earlier run")
    assert publish_run(run, folder) == report
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert kept == {"report.json", "report.md", "run.json", *page}


def test_a_run_is_judged_again_and_its_new_report_kept(tmp_path, report):
    collection = replace(SHIPPED, specs={"original": "student:original", "tiny": "student:tiny"})
    run = tmp_path / collection.runs / "tiny"
    write_text(run / "run.json", "{}")

    def judge(directory):
        write_text(directory.root / "report.json", report.to_json())

    assert pages.judge_collection(collection, root=tmp_path, judge=judge) == ["tiny"]
    assert set(collection.reports(tmp_path)) == {"tiny"}


def test_the_dashboard_goes_between_the_markers_again_and_again(report, tmp_path):
    page = tmp_path / "README.md"
    write_text(page, "# t\n<!-- dashboard: begin -->\nold\n<!-- dashboard: end -->\nrest\n")
    text = dashboard_text(report, report_path="report.md")
    for _ in range(2):
        put_dashboard(page, text, name="dashboard")
    written = page.read_text()
    assert "APPROVED" in text
    assert written.count(text) == 1
    assert "old" not in written
    assert written.endswith("\nrest\n")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_page_without_markers_is_refused(tmp_path):
    write_text(tmp_path / "p.md", "nothing")
    with pytest.raises(RunDirectoryError, match="lacks the markers"):
        put_dashboard(tmp_path / "p.md", "text", name="dashboard")


@pytest.fixture
def root(report, tmp_path):
    """A checkout's pages, with markers, and no reports."""
    markers = "a\n<!-- {0}: begin -->\n<!-- {0}: end -->\nb\n"
    write_text(tmp_path / "docs/reading-a-report.md", markers.format("dashboard"))
    story = markers.format("published") + markers.format("rejected")
    write_text(tmp_path / "docs/published-students.md", story)
    return tmp_path


@pytest.fixture
def pretend(root, report):
    """A validation that writes its report at once, and says what it was asked."""
    asked = []

    def validate(spec, output, reference):
        asked.append((spec, output, reference))
        write_text(root / output / "report.json", report.to_json())
        write_text(root / output / "report.md", spec)
        write_text(root / output / "state.xml", "large")

    validate.asked = asked
    return validate


def files_below(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_the_shipped_students_are_validated_and_kept(root, pretend):
    pages.make_collection(SHIPPED, root=root, validate=pretend)
    assert pretend.asked == [
        (f"student:{name}", Path("runs/reports") / name, "auto")
        for name in ("original", "tiny", "ultra-tiny")
    ]
    kept = files_below(root / "reports")
    assert kept == {f"{n}/{f}" for n in SHIPPED.specs for f in ("report.json", "report.md")}
    pages.write_shipped_pages(root)
    page = (root / "reports/README.md").read_text()
    assert page.startswith("# The shipped students")
    assert "(ultra-tiny/report.md)" in page


def test_the_published_students_are_judged_without_a_reference(root, pretend):
    collection = published_collection(root.parent / "shared/seeds", root=root)
    pages.make_collection(collection, root=root, validate=pretend)
    assert pretend.asked == [
        (
            f"../shared/seeds/{file}",
            Path("runs/published") / name,
            "none:GFN2-xTB is not their teacher",
        )
        for name, file in pages.PUBLISHED_FILES.items()
    ]
    pages.write_published_pages(collection, root=root)
    page = (root / "reports/mlff-distiller/README.md").read_text()
    assert "judged by physics alone" in page
    story = (root / "docs/published-students.md").read_text()
    assert story.startswith("a\n")
    assert story.endswith("\nb\n")
    assert "| Published as |" in story
    assert list(collection.reports(root)) == ["original", "tiny", "ultra-tiny"]


def test_the_two_parts_touch_different_files(root, pretend):
    before = files_below(root)
    pages.make_collection(SHIPPED, root=root, validate=pretend)
    pages.write_shipped_pages(root)
    shipped = files_below(root) - before
    collection = published_collection(root / "seeds", root=root)
    kept = (*shipped, "docs/reading-a-report.md")
    stamps = {name: (root / name).stat().st_mtime_ns for name in kept}
    pages.make_collection(collection, root=root, validate=pretend)
    pages.write_published_pages(collection, root=root)
    assert stamps == {name: (root / name).stat().st_mtime_ns for name in stamps}


def test_the_pages_show_both_largest_students(root, pretend):
    collection = published_collection(root / "seeds", root=root)
    start, story = root / "docs/reading-a-report.md", root / "docs/published-students.md"
    pages.make_collection(SHIPPED, root=root, validate=pretend)
    pages.write_dashboards(collection, root=root)
    assert "reports/original/report.md" in start.read_text()
    assert "report.md" not in story.read_text()
    pages.make_collection(collection, root=root, validate=pretend)
    pages.write_dashboards(collection, root=root)
    assert "reports/mlff-distiller/original/report.md" in story.read_text()


def test_a_committed_benchmark_is_drawn_and_has_its_page(root, repository):
    file = pages.BENCHMARKS[0]
    write_text(root / file, (repository / file).read_text(encoding="utf-8"))
    pages.write_benchmark_pages(root)
    page = (root / file.parent / "README.md").read_text(encoding="utf-8")
    assert page == (repository / file.parent / "README.md").read_text(encoding="utf-8")
    for name in ("time_per_step.png", "scaling.png", "scaling.svg"):
        assert (root / file.parent / name).is_file()
    assert not (root / pages.BENCHMARKS[1]).exists()


def test_pages_are_written_from_the_reports_that_are_there(root, pretend):
    pages.make_collection(SHIPPED, root=root, validate=pretend)
    shutil.rmtree(root / "reports/tiny")
    pages.write_shipped_pages(root)
    page = (root / "reports/README.md").read_text()
    assert "2 reports by" in page
    pages.write_published_pages(published_collection(root, root=root), root=root)
    assert not (root / "reports/mlff-distiller").exists()
    pages.write_checks_page(root)
    assert (root / "docs/checks.md").read_text() == checks_markdown()


def test_checkpoints_that_are_not_there_are_named(root):
    collection = published_collection(root / "seeds", root=root)
    write_text(root / "seeds/tiny.pt", "")
    assert pages.missing_files(collection, root=root) == [
        "seeds/original.pt",
        "seeds/ultra_tiny.pt",
    ]
    assert pages.missing_files(SHIPPED, root=root) == []
