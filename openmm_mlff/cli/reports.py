"""`openmm-mlff judge` and `openmm-mlff compare`: commands on finished runs, without torch."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from openmm_mlff.cli.completion import complete_protocol
from openmm_mlff.cli.options import option
from openmm_mlff.cli.output import (
    AsJson,
    Details,
    Plugins,
    Quiet,
    print_json,
    show_report,
    write_comparison,
)
from openmm_mlff.config import first_problem, load_protocol
from openmm_mlff.errors import ConfigError, FileError, RunDirectoryError
from openmm_mlff.isolation.printed import stdout_to_stderr
from openmm_mlff.results import SCHEMA_VERSION, ValidationReport
from openmm_mlff.storage.files import MOST_RUN_BYTES, missing, read_text
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.storage.text import cut

REPORT_JSON = "report.json"
EXIT_WORSE = 1


def judge_command(
    rundir: Annotated[Path, typer.Argument(help="A folder that validate wrote")],
    *,
    protocol: Annotated[
        str | None,
        option(
            "Judge by this protocol; default: the one that was run",
            autocompletion=complete_protocol,
        ),
    ] = None,
    plugin: Plugins = None,
    no_write: Annotated[
        bool, option("Only print the verdict; do not write the report again", "--no-write")
    ] = False,
    figures: Annotated[
        bool,
        option("Also write every figure as PNG and SVG into figures/", "--figures"),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    details: Details = False,
) -> int:
    """Judge an existing run again without running it, and write its report again.

    The verdict is printed first; pages are written after it, but not with --no-write.
    Neither torch nor OpenMM is loaded.

    Returns:
        The exit code of the verdict.
    """
    directory = RunDirectory.open(rundir)
    chosen = load_protocol(protocol) if protocol else None
    with _without_openmm():
        from openmm_mlff.pipeline.judge import judge_run, write_judgement

        # Checks of the user may print.
        with stdout_to_stderr():
            report, evidence = judge_run(directory, protocol=chosen, plugins=plugin or ())
        if as_json:
            print_json([report])
        else:
            path = directory.root / "report.html"
            show_report(report, report_path=path, quiet=quiet, details=details)
        sys.stdout.flush()
        if not no_write:
            with stdout_to_stderr():
                write_judgement(directory, report, evidence, figures=figures)
    return report.exit_code


def compare_command(
    reports: Annotated[
        list[Path], typer.Argument(metavar="REPORT...", help="report.json files, or their folders")
    ],
    *,
    baseline: Annotated[
        Path | None,
        option("Report that the others are compared with. Default: the first", metavar="REPORT"),
    ] = None,
    strict: Annotated[
        bool,
        option(
            "Also count a value of a required check that is worse by more than its 95 % interval",
            "--strict",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        option("Write comparison.html, .json, .md, .png and .svg into this folder", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Compare models, or versions of one, with the first: what changed, and which to use.

    Exit code 1 if anything got worse: the verdict, a required check, or a required check that
    passed and is missing now. 0 otherwise, whatever the verdicts are.

    Returns:
        The exit code.

    Raises:
        ConfigError: there are not two reports.
    """
    paths = [*([baseline] if baseline else []), *reports]
    if len(paths) < 2:
        raise ConfigError(
            f"compare was given one report, {paths[0]}; expected two or more: name another, or "
            "--baseline REPORT"
        )
    loaded = [load_report(path) for path in paths]
    from openmm_mlff.report.comparing.summary import headline, summarise
    from openmm_mlff.report.comparing.terminal import render_summary
    from openmm_mlff.report.comparison import compare

    summary, console = summarise(loaded), Console()
    if as_json:
        print(json.dumps(compare(loaded), indent=1, ensure_ascii=False))
    elif quiet:
        for difference in summary.differences:
            console.print(headline(difference, baseline=summary.labels[0]), soft_wrap=True)
    else:
        render_summary(loaded, summary, console=console)
    if output is not None:
        homes = [path if path.is_dir() else path.parent for path in paths]
        folder = RunDirectory.create(output).root
        write_comparison(loaded, homes, folder=folder, say=not (as_json or quiet))
    return EXIT_WORSE if summary.got_worse(strict=strict) else 0


def load_report(path: Path) -> ValidationReport:
    """Read one report from a `report.json` or the folder that contains it.

    Raises:
        RunDirectoryError: the file is missing, damaged, or of another schema version.
    """
    file = path / REPORT_JSON if not missing(path) and path.is_dir() else path
    try:
        return ValidationReport.from_json(read_text(file, most_bytes=MOST_RUN_BYTES))
    except FileError as error:
        raise RunDirectoryError(
            f"cannot read {cut(str(file))} ({error}); expected a report.json that validate wrote, "
            "or its folder, such as runs/tiny-standard"
        ) from error
    except ValidationError as error:
        raise RunDirectoryError(
            f"{file} is not a report of schema version {SCHEMA_VERSION} ({first_problem(error)}); "
            "expected a report.json that this version of openmm-mlff validate or judge wrote"
        ) from error


@contextmanager
def _without_openmm() -> Iterator[None]:
    """Prevent MDTraj from importing OpenMM, which it uses for units if available.

    Judging uses plain numbers. Has no effect if OpenMM is already imported.
    """
    if "openmm" in sys.modules:
        yield
        return
    sys.modules["openmm"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if sys.modules.get("openmm") is None:
            sys.modules.pop("openmm", None)
