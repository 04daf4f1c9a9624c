"""Output of commands: for people, as JSON, or in one line; and where a run is written."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console

from openmm_mlff.cli.options import option
from openmm_mlff.isolation.printed import nothing_after
from openmm_mlff.molecules.names import numbered_names, safe_name
from openmm_mlff.results import ValidationReport

_PANEL: dict[str, Any] = {"rich_help_panel": "What is printed"}

AsJson = Annotated[bool, option("Print JSON to stdout and nothing else", "--json", **_PANEL)]
Quiet = Annotated[bool, option("No progress, and one line per verdict", "--quiet", "-q", **_PANEL)]
Details = Annotated[bool, option("Print the result of every check", "--details", **_PANEL)]
Plugins = Annotated[
    list[str] | None,
    option(
        "Python file with checks of your own, whose code is run; repeat for several",
        "--plugin",
        metavar="FILE.py",
    ),
]


def output_folders(output: Path | None, specs: Sequence[str]) -> list[Path | None]:
    """Return a separate folder for each potential; None for new folders.

    No folder is outside `output`, and no two are the same.
    """
    if output is None or len(specs) == 1:
        return [output] * len(specs)
    short = [
        Path(spec.replace("student:", "").replace(":", "_").replace("?", "_")).stem
        for spec in specs
    ]
    names = numbered_names([safe_name(name, otherwise="potential") for name in short])
    return [output / name for name in names]


def print_json(reports: Sequence[ValidationReport]) -> None:
    """Print one report as in `report.json`, or several as a list."""
    texts = [report.to_json() for report in reports]
    print_only(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")


def print_only(text: str) -> None:
    """Print a text to stdout, after which nothing else is printed there."""
    print(text)
    nothing_after()


def show_report(
    report: ValidationReport,
    *,
    report_path: Path | str,
    quiet: bool = False,
    details: bool = False,
) -> None:
    """Print one report: one line if ``quiet``, every check if ``details``."""
    from openmm_mlff.report.summary import render_summary, verdict_line
    from openmm_mlff.report.terminal import render_report

    console = Console()
    if quiet:
        console.print(verdict_line(report, report_path=report_path), soft_wrap=True)
    elif details:
        render_report(report, console=console, report_path=report_path)
    else:
        render_summary(report, console=console, report_path=report_path)


def write_comparison(
    reports: Sequence[ValidationReport], homes: Sequence[Path], *, folder: Path, say: bool
) -> None:
    """Write the files of a comparison, with links to the existing pages of the reports.

    ``homes`` are the folders of the reports.
    """
    from openmm_mlff.report import comparison

    pages = [home / "report.html" for home in homes]
    there = [page if page.exists() else page.with_suffix(".md") for page in pages]
    links = [Path(os.path.relpath(page, folder)).as_posix() for page in there]
    comparison.write_comparison(reports, folder, links=links)
    if say:
        path = folder / comparison.COMPARISON_HTML
        Console().print(f"Comparison: {path}", soft_wrap=True, highlight=False)


def worst_exit_code(reports: list[ValidationReport]) -> int:
    """Return the exit code of the most severe verdict: REJECTED, INCONCLUSIVE, APPROVED."""
    codes = {report.exit_code for report in reports}
    return next(code for code in (1, 3, 0) if code in codes)
