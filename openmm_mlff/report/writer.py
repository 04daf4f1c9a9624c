"""Write the complete report into its run directory."""

from collections.abc import Mapping, Sequence

from openmm_mlff.checks import CHECKS, Check
from openmm_mlff.report.figures import PlacedPlot, report_plots, write_figures
from openmm_mlff.report.html.page import report_html
from openmm_mlff.report.markdown import report_markdown
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory, read_json
from openmm_mlff.storage.runs import Evidence

REPORT_JSON = "report.json"
REPORT_PAGE = "report.md"
REPORT_HTML = "report.html"


def write_report(
    directory: RunDirectory,
    report: ValidationReport,
    observations_by_system: Mapping[str, Evidence],
    *,
    known: Sequence[Check] = CHECKS,
    plots: Sequence[PlacedPlot] = (),
    figures: bool = False,
) -> None:
    """Write `report.json`, `report.md` and `report.html`, each atomically.

    With ``figures``, or where a folder of them exists, every plot is also written to files.
    """
    # The numbers first, so that they are kept even if drawing fails.
    write_text(directory.root / REPORT_JSON, report.to_json() + "\n")
    placed = report_plots(observations_by_system, report, plots=plots)
    # Drawing them takes a third of the time of a short validation.
    if figures or directory.figures.is_dir():
        write_figures(placed, directory.figures, model=report.model.name)
    write_text(directory.root / REPORT_PAGE, report_markdown(report))
    run_file = directory.root / RUN_FILE
    run = read_json(run_file) if run_file.is_file() else None
    page = report_html(report, observations_by_system, plots=placed, run=run, known=known)
    write_text(directory.root / REPORT_HTML, page)
