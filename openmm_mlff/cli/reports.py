"""`openmm-mlff judge` and `openmm-mlff compare`: commands on finished runs."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from openmm_mlff.cli.validate import worst_status
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import FileError, RunDirectoryError
from openmm_mlff.pipeline import judge_directory
from openmm_mlff.reading import MOST_RUN_BYTES, cut, missing, read_text
from openmm_mlff.records import EXIT_CODES, ValidationReport
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.rundir import RunDirectory


def judge_command(
    rundir: Annotated[Path, typer.Argument(help="A folder that validate wrote")],
    *,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="Judge by this protocol; default: the one that was run", show_default=False
        ),
    ] = None,
) -> int:
    """Judge an existing run again, without running it; the report is written anew."""
    directory = RunDirectory.open(rundir)
    report = judge_directory(directory, protocol=load_protocol(protocol) if protocol else None)
    render_report(report, console=Console(), report_path=directory.root / "report.md")
    return EXIT_CODES[report.verdict.status]


def compare_command(
    reports: Annotated[list[Path], typer.Argument(help="report.json files, or folders with one")],
) -> int:
    """Show what differs between models or versions, check by check."""
    loaded = [_load(path) for path in reports]
    render_comparison(loaded, console=Console())
    return EXIT_CODES[worst_status(loaded)]


def _load(path: Path) -> ValidationReport:
    """Load one report.

    Returns:
        The report.

    Raises:
        RunDirectoryError: there is none, or it is damaged.
    """
    file = path / "report.json" if not missing(path) and path.is_dir() else path
    try:
        return ValidationReport.from_json(read_text(file, most_bytes=MOST_RUN_BYTES))
    except FileError as error:
        raise RunDirectoryError(
            f"cannot read {cut(str(file))} ({error}); expected a report.json that validate wrote"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise RunDirectoryError(
            f"{file} is no report of schema version 1 ({where}: {first['msg']}); expected a "
            "report.json that validate wrote"
        ) from error
