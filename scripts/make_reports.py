"""Make the committed reports and the pages that show them.

Run from the root of a checkout::

    python scripts/make_reports.py shipped      the shipped students: reports/
    python scripts/make_reports.py published    the published ones: reports/mlff-distiller/
    python scripts/make_reports.py judged       all again, judged and drawn anew from their runs
    python scripts/make_reports.py pages        only the pages, from the committed reports

Without a part all but ``judged`` are made.  Parts touch different files, so two can run at once.
Runs go to ``runs``; ``--resume`` resumes them.  Other options, written ``--name=value``, go to
``openmm-mlff validate``.  All models are judged on one platform, so that their speeds compare.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pages

from openmm_mlff.cli import main
from openmm_mlff.pipeline.judge import judge_directory

ROOT = Path()
PARTS = ("shipped", "published", "pages")
JUDGED = "judged"
PLATFORM = "Reference"
"""Unless ``--platform=NAME`` is given: `auto` may choose differently for each model."""


def make_reports(parts: Sequence[str], *, checkpoints: Path, options: Sequence[str]) -> None:
    """Make the requested parts."""
    validate = partial(validate_with, options=options)
    published = pages.published_collection(checkpoints, root=ROOT)
    if "shipped" in parts:
        pages.make_collection(pages.SHIPPED, root=ROOT, validate=validate)
        pages.draw_figures(pages.SHIPPED, root=ROOT)
        pages.write_shipped_pages(ROOT)
    if "published" in parts:
        missing = pages.missing_files(published, root=ROOT)
        if missing:
            print(f"the published students are skipped: {', '.join(missing)} not there")
        else:
            pages.make_collection(published, root=ROOT, validate=validate)
            pages.draw_figures(published, root=ROOT)
            pages.write_published_pages(published, root=ROOT)
    if JUDGED in parts:
        for collection in (pages.SHIPPED, published):
            pages.judge_collection(collection, root=ROOT, judge=judge_directory)
            pages.draw_figures(collection, root=ROOT)
    if "pages" in parts or JUDGED in parts:
        pages.write_shipped_pages(ROOT)
        pages.write_published_pages(published, root=ROOT)
        pages.write_dashboards(published, root=ROOT)
        pages.write_checks_page(ROOT)
        pages.write_library_page(ROOT)
        pages.write_benchmark_pages(ROOT)
        pages.write_performance_page(ROOT)


def validate_with(spec: str, output: Path, reference: str, *, options: Sequence[str]) -> None:
    """Validate one model with the command line."""
    named = ["--output", str(output), "--reference", reference, "--platform", PLATFORM]
    try:
        main(["validate", spec, *named, *options])
    except SystemExit as stopped:
        # Any verdict is a valid result; other exit codes are errors.
        if stopped.code not in (0, 1, 3):
            raise


def read_arguments() -> tuple[argparse.Namespace, list[str]]:
    """Parse the parts, and the options for `openmm-mlff validate`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*PARTS, JUDGED)))
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=Path("../shared/seed_students"),
        help="folder of the published students (%(default)s); they are skipped where it is not",
    )
    arguments, options = parser.parse_known_args()
    unknown = set(arguments.parts) - {*PARTS, JUDGED}
    if unknown:
        known = ", ".join((*PARTS, JUDGED))
        parser.error(f"unknown part {', '.join(sorted(unknown))}; expected one of {known}")
    return arguments, options


if __name__ == "__main__":
    asked, passed_on = read_arguments()
    make_reports(asked.parts or PARTS, checkpoints=asked.checkpoints, options=passed_on)
