"""Keep what is worth keeping of a run: report, figures, energies; not the trajectories."""

import io
import re
import shutil
from pathlib import Path

from rich.console import Console

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.records import ValidationReport
from openmm_mlff.report.terminal import render_report
from openmm_mlff.rundir import write_text

KEPT = ("report.json", "report.md", "run.json", "figures/*.png", "*/*/energies.csv")
DASHBOARD_WIDTH = 100
_MARKERS = ("<!-- dashboard: begin -->", "<!-- dashboard: end -->")


def publish_run(run: Path, folder: Path) -> ValidationReport:
    """Copy the small files of a run into a folder, in place of what was there.

    Args:
        run: a run directory with a report.
        folder: where the files go; emptied first.

    Returns:
        The run's report.
    """
    report = ValidationReport.from_json((run / "report.json").read_text(encoding="utf-8"))
    if folder.exists():
        shutil.rmtree(folder)
    for pattern in KEPT:
        for source in sorted(run.glob(pattern)):
            target = folder / source.relative_to(run)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return report


def dashboard_text(report: ValidationReport, *, report_path: Path | str) -> str:
    """Give the terminal dashboard as plain text.

    Args:
        report: what to show.
        report_path: what it says of where the report lies.

    Returns:
        Lines of at most 100 characters.
    """
    console = Console(file=io.StringIO(), width=DASHBOARD_WIDTH, record=True, no_color=True)
    render_report(report, console=console, report_path=report_path)
    lines = console.export_text(styles=False).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def put_dashboard(page: Path, text: str) -> None:
    """Put a dashboard between the markers of a page.

    Args:
        page: a Markdown file that holds both markers.
        text: from :func:`dashboard_text`.

    Raises:
        RunDirectoryError: the page has no such markers.
    """
    begin, end = _MARKERS
    before = page.read_text(encoding="utf-8")
    block = f"{begin}\n```text\n{text}\n```\n{end}"
    after, found = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: block, before, flags=re.DOTALL
    )
    if not found:
        raise RunDirectoryError(f"{page} lacks the markers {begin} and {end}; expected both")
    write_text(page, after)
