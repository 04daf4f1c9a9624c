"""Publish runs of this repository, and write the pages that display them."""

import io
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from performance_page import performance_markdown
from published_page import published_markdown
from rich.console import Console
from targets_page import target_rows

from openmm_mlff.config import parse_protocol
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import list_systems, systems_root
from openmm_mlff.molecules.library import read_system_toml
from openmm_mlff.pipeline.judge import check_plots, judge_run
from openmm_mlff.report.benchmark_plots import write_benchmark_figures
from openmm_mlff.report.benchmark_tables import benchmark_markdown
from openmm_mlff.report.checks_page import checks_markdown
from openmm_mlff.report.comparison import write_comparison
from openmm_mlff.report.figures import report_plots, write_figures
from openmm_mlff.report.summary import render_summary
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import RunDirectory, read_json

KEPT = (
    "report.json",
    "report.md",
    "certificate.json",
    "run.json",
)
PAGES = ("reports/original", "reports/tiny")
"""Of these an approved and a rejected page is kept too, of 1.6 MB each."""

FIGURES = {
    "reports/original": ("alanine_energy_nve_300K_0.5fs", "alanine_forces"),
    "reports/mlff-distiller/original": (
        "water_rotation",
        "water_momentum_nve_300K_0.5fs",
        "alanine_cutoff_pairs",
    ),
}
"""Those that the documents show, by folder of the report."""

DASHBOARD_WIDTH = 80
REPORT_JSON, REPORT_PAGE, COMPARISON_PAGE = "report.json", "report.md", "README.md"

READING_PAGE = Path("docs/reading-a-report.md")
CHECKS_PAGE = Path("docs/checks.md")
LIBRARY_PAGE = Path("docs/systems.md")
PUBLISHED_PAGE = Path("docs/published-students.md")

PERFORMANCE_PAGE = Path("docs/performance.md")
BENCHMARK_FOLDER = Path("reports/benchmarks")
BENCHMARKS = (
    BENCHMARK_FOLDER / "md_performance_results.json",
    BENCHMARK_FOLDER / "with_replicas" / "benchmark.json",
)
"""The committed benchmarks; page and figures are beside each."""

PUBLISHED_FILES = {"original": "original.pt", "tiny": "tiny.pt", "ultra-tiny": "ultra_tiny.pt"}
PUBLISHED_AS = {
    "original": "approved for production",
    "tiny": "not recommended",
    "ultra-tiny": "unsuitable",
}
"""Statements of the authors of the published students."""

Validate = Callable[[str, Path, str], None]
"""Validate a spec into a folder against a reference."""

Judge = Callable[[RunDirectory], object]
"""Judge a run and write its report."""


@dataclass(frozen=True)
class Collection:
    """Reports that are generated and compared together.

    Attributes:
        title: of the comparison page.
        specs: potential specs by name of the report's folder.
        runs: folder of the runs.
        folder: destination of the published files.
        note: shown on the comparison page.
    """

    title: str
    specs: Mapping[str, str]
    runs: Path
    folder: Path
    reference: str = "auto"
    note: str = ""

    def reports(self, root: Path) -> dict[str, ValidationReport]:
        """Load the published reports by name; missing ones are omitted."""
        paths = {name: root / self.folder / name / REPORT_JSON for name in self.specs}
        return {name: _load(path) for name, path in paths.items() if path.is_file()}


SHIPPED = Collection(
    title="The shipped students",
    specs={name: f"student:{name}" for name in ("original", "tiny", "ultra-tiny")},
    runs=Path("runs/reports"),
    folder=Path("reports"),
    note="By `extended` (50 ps; 100, 300 and 500 K; 0.5, 1 and 2 fs; three replicas) the "
    "[original](original-extended/report.md) is APPROVED up to 1 fs. At 2 fs, from 300 K, bonds to "
    "hydrogen in methane and alanine break: the timestep is too long for them.",
)


def published_collection(checkpoints: Path, *, root: Path) -> Collection:
    """Return the collection of the published students, whether or not the files exist.

    Reports name the files relative to ``root``, the root of the checkout.
    """
    folder = Path(os.path.relpath(checkpoints, root))
    return Collection(
        title="The published students",
        specs={name: (folder / file).as_posix() for name, file in PUBLISHED_FILES.items()},
        runs=Path("runs/published"),
        folder=Path("reports/mlff-distiller"),
        reference="none:GFN2-xTB is not their teacher",
        note="There was no reference, since GFN2-xTB is not their teacher: they are judged by "
        "physics alone.",
    )


def missing_files(collection: Collection, *, root: Path) -> list[str]:
    """Return the specs of a collection that are missing files."""
    files = [spec for spec in collection.specs.values() if spec.endswith(".pt")]
    return [file for file in files if not (root / file).is_file()]


def make_collection(collection: Collection, *, root: Path, validate: Validate) -> None:
    """Validate every model of a collection; each report is published when it is complete.

    ``validate`` starts or resumes one validation, and returns for every verdict.
    """
    for name, spec in collection.specs.items():
        validate(spec, collection.runs / name, collection.reference)
        publish_run(root / collection.runs / name, root / collection.folder / name)


def judge_collection(collection: Collection, *, root: Path, judge: Judge) -> list[str]:
    """Judge existing runs of a collection again, and return the names of updated models."""
    names = [name for name in collection.specs if (root / collection.runs / name).is_dir()]
    for name in names:
        judge(RunDirectory.open(root / collection.runs / name))
        publish_run(root / collection.runs / name, root / collection.folder / name)
    return names


def write_shipped_pages(root: Path) -> None:
    """Write the comparison of the shipped students."""
    _write_comparison(SHIPPED, root=root)


def write_published_pages(collection: Collection, *, root: Path) -> None:
    """Write the comparison of the published students and the table in their case study."""
    reports = _write_comparison(collection, root=root)
    if reports:
        table = published_markdown(reports, published_as=PUBLISHED_AS)
        put_between(root / PUBLISHED_PAGE, table, name="published")


def write_dashboards(published: Collection, *, root: Path) -> None:
    """Write the terminal output for the largest shipped and published students to their pages."""
    places = ((SHIPPED, READING_PAGE, "dashboard"), (published, PUBLISHED_PAGE, "rejected"))
    for collection, place, marker in places:
        reports = collection.reports(root)
        if "original" in reports:
            page = (collection.folder / "original" / REPORT_PAGE).as_posix()
            text = dashboard_text(reports["original"], report_path=page)
            put_dashboard(root / place, text, name=marker)


def write_performance_page(root: Path) -> None:
    """Write the tables of the page on performance from the committed benchmark."""
    put_between(root / PERFORMANCE_PAGE, performance_tables(root), name="benchmark")


def performance_tables(root: Path) -> str:
    """Return the tables of the page on performance, as Markdown."""
    folder = root / BENCHMARK_FOLDER
    names = ("md_performance_results", "replicas", "atoms", "floor", "validation", "targets")
    benchmark, replicas, atoms, floor, validations, rest = (
        read_json(folder / f"{name}.json") for name in names
    )
    peers = read_json(folder / "with_replicas" / "benchmark.json")
    long_runs = [read_json(path) for path in sorted((folder / "long_runs").glob("*.json"))]
    targets = target_rows(benchmark, peers, replicas, atoms, validations, rest)
    return performance_markdown(benchmark, replicas, atoms, long_runs, floor, validations, targets)


def write_benchmark_pages(root: Path) -> None:
    """Draw the committed benchmarks and write their pages."""
    for path in (root / file for file in BENCHMARKS):
        if path.is_file():
            benchmark = read_json(path)
            figures = write_benchmark_figures(benchmark, folder=path.parent)
            page = benchmark_markdown(benchmark, figures=figures, folder=path.parent)
            write_text(path.parent / COMPARISON_PAGE, page)


def write_library_page(root: Path) -> None:
    """Write the table of the page on the library."""
    put_between(root / LIBRARY_PAGE, library_table(), name="library")


def library_table() -> str:
    """Return the systems of the library as a Markdown table."""
    rows = ["| system | what it is | formula | charge | 2S+1 | why it is there |"]
    rows.append("|---|---|---|---:|---:|---|")
    for name in list_systems():
        told = read_system_toml(systems_root() / name)
        shown = [told[key] for key in ("title", "formula", "charge", "multiplicity", "purpose")]
        rows.append(" | ".join(["| `" + name + "`", *map(str, shown)]) + " |")
    return "\n".join(rows)


def write_checks_page(root: Path) -> None:
    """Write the page of all checks."""
    write_text(root / CHECKS_PAGE, checks_markdown())


def _write_comparison(collection: Collection, *, root: Path) -> dict[str, ValidationReport]:
    """Write a comparison of the published reports, if there are any."""
    reports = collection.reports(root)
    if reports:
        write_comparison(
            list(reports.values()),
            root / collection.folder,
            links=[f"{name}/{REPORT_PAGE}" for name in reports],
            page=COMPARISON_PAGE,
            title=collection.title,
            note=collection.note,
        )
    return reports


def _load(path: Path) -> ValidationReport:
    return ValidationReport.from_json(path.read_text(encoding="utf-8"))


def draw_figures(collection: Collection, *, root: Path) -> None:
    """Draw the figures that the documents show, as PNG, from the runs of a collection."""
    for name in collection.specs:
        folder, run = collection.folder / name, root / collection.runs / name
        shown = FIGURES.get(folder.as_posix(), ())
        if not shown or not run.is_dir():
            continue
        report, evidence = judge_run(RunDirectory.open(run))
        plots = check_plots(evidence, parse_protocol(report.protocol, origin="the report"))
        placed = report_plots(evidence, report, plots=plots)
        chosen = [one for one in placed if one.stem in shown]
        for record in write_figures(chosen, root / folder / "figures", model=report.model.name):
            record.svg_path.unlink()


def publish_run(run: Path, folder: Path) -> ValidationReport:
    """Copy the small files of a run into an emptied folder, and return its report."""
    report = _load(run / REPORT_JSON)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    kept = (*KEPT, "report.html") if folder.as_posix().endswith(PAGES) else KEPT
    for name in kept:
        if (run / name).is_file():
            shutil.copyfile(run / name, folder / name)
    return report


def dashboard_text(report: ValidationReport, *, report_path: Path | str) -> str:
    """Return the terminal output of a report as text of at most 80 columns."""
    console = Console(file=io.StringIO(), width=DASHBOARD_WIDTH, record=True, no_color=True)
    render_summary(report, console=console, report_path=report_path)
    lines = console.export_text(styles=False).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def put_dashboard(page: Path, text: str, *, name: str) -> None:
    """Write a text from :func:`dashboard_text` between the markers of a page."""
    put_between(page, f"```text\n{text}\n```", name=name)


def put_between(page: Path, text: str, *, name: str) -> None:
    """Replace the text between two markers of a Markdown page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = page.read_text(encoding="utf-8")
    after, found = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{text}\n{end}",
        before,
        flags=re.DOTALL,
    )
    if not found:
        raise RunDirectoryError(f"{page} lacks the markers {begin} and {end}; expected both")
    write_text(page, after)
