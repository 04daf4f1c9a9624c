"""Make the committed reports: the shipped students by the standard protocol, and their comparison.

Run from the root of a checkout: ``python scripts/make_reports.py``.  Runs go to ``runs/reports``
(add ``--resume`` to go on with them), what is kept of them to ``reports``.
"""

import sys
from pathlib import Path

from openmm_mlff.cli import main
from openmm_mlff.pipeline.publish import dashboard_text, publish_run, put_dashboard
from openmm_mlff.report.comparison import write_comparison

STUDENTS = ("original", "tiny", "ultra-tiny")
RUNS, REPORTS, PAGE = Path("runs/reports"), Path("reports"), Path("README.md")


def make_reports(options: list[str]) -> None:
    """Validate all three, keep the small files, write the comparison and the README's dashboard."""
    specs = [f"student:{name}" for name in STUDENTS]
    try:
        main(["validate", *specs, "--output", str(RUNS), *options])
    except SystemExit as stopped:
        # Verdicts are results here; only unusable input stops.
        if stopped.code not in (0, 1, 3):
            raise
    reports = [publish_run(RUNS / name, REPORTS / name) for name in STUDENTS]
    links = [f"{name}/report.md" for name in STUDENTS]
    title = "The shipped students"
    write_comparison(reports, REPORTS, links=links, page="README.md", title=title)
    put_dashboard(PAGE, dashboard_text(reports[0], report_path="reports/original/report.md"))


if __name__ == "__main__":
    make_reports(sys.argv[1:])
