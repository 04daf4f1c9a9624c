"""`openmm-mlff validate`."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from openmm_mlff.cli.completion import complete_potential
from openmm_mlff.cli.interrupts import InterruptedRunError
from openmm_mlff.cli.options import POTENTIAL_HELP, takes_settings
from openmm_mlff.cli.output import (
    AsJson,
    Details,
    Quiet,
    output_folders,
    print_json,
    show_report,
    worst_exit_code,
    write_comparison,
)
from openmm_mlff.cli.progress import live_dashboard
from openmm_mlff.config import AUTO_PLATFORM, load_protocol
from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules.loader import check_there
from openmm_mlff.options import check_spec
from openmm_mlff.request import ValidationRequest, request_from
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.students.shipped import check_checkpoint

if TYPE_CHECKING:
    from openmm_mlff.pipeline.opening import Validation

DEFAULT_POTENTIAL = "student:original"

Potentials = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="POTENTIAL...",
        help=f"{POTENTIAL_HELP}. Default: {DEFAULT_POTENTIAL}",
        show_default=False,
        autocompletion=complete_potential,
    ),
]


@takes_settings
def validate_command(
    potentials: Potentials = None,
    *,
    settings: dict[str, Any],
    as_json: AsJson = False,
    quiet: Quiet = False,
    details: Details = False,
) -> int:
    """Judge potentials: APPROVED (exit code 0), REJECTED (1) or INCONCLUSIVE (3), with evidence.

    Each potential is exported, loaded into OpenMM, compared with itself through other paths, run
    in NVE on every system and compared with the reference. The report is written beside the
    trajectories, as HTML, Markdown and JSON.

    Returns:
        The exit code of the most severe verdict.

    Raises:
        ConfigError: a potential is named twice, or there is no such protocol.
        MoleculeError: there is no such system.
        PotentialError: a spec has no valid form.
        CheckpointError: there is no such student or file.
    """
    specs = potentials or [DEFAULT_POTENTIAL]
    output = settings.get("output")
    requests = _requests(specs, settings)
    # Imported after it, because this takes seconds.
    from openmm_mlff.pipeline.opening import open_validation

    reports = []
    with ExitStack() as opened:
        validations = []
        for request in requests:
            validations.append(open_validation(request))
            opened.callback(validations[-1].close)
        for validation, spec in zip(validations, specs, strict=True):
            if len(requests) > 1 and requests[0].platform == AUTO_PLATFORM:
                from openmm_mlff.pipeline.resuming import share_platform

                share_platform(validations[0].root, validation.root)
            reports.append(_run(validation, spec=spec, quiet=quiet))
            if not as_json:
                path = validation.root / "report.html"
                show_report(reports[-1], report_path=path, quiet=quiet, details=details)
    if as_json:
        print_json(reports)
    if len(reports) > 1:
        from openmm_mlff.report.comparing.summary import summarise
        from openmm_mlff.report.comparing.terminal import render_summary

        say = not (as_json or quiet)
        if say:
            render_summary(reports, summarise(reports), console=Console())
        roots = [validation.root for validation in validations]
        write_comparison(reports, roots, folder=output or roots[0].parent, say=say)
    return worst_exit_code(reports)


def _requests(specs: Sequence[str], settings: dict[str, Any]) -> list[ValidationRequest]:
    """Return a request for each potential; refuse what can be seen at once."""
    for spec in specs:
        check_spec(spec)
        check_checkpoint(spec)
    twice = [spec for spec in specs if specs.count(spec) > 1]
    if twice:
        raise ConfigError(f"potential {twice[0]!r} is named twice; give it once")
    folders = output_folders(settings.get("output"), specs)
    requests = [
        request_from({**settings, "potential": spec, "output": folder})
        for spec, folder in zip(specs, folders, strict=True)
    ]
    if isinstance(protocol := requests[0].protocol, str):
        load_protocol(protocol)
    for system in requests[0].systems:
        check_there(system)
    return requests


def _run(validation: "Validation", *, spec: str, quiet: bool) -> ValidationReport:
    directory = RunDirectory.create(validation.root)
    try:
        with live_dashboard(directory, systems=validation.systems, quiet=quiet) as show:
            return validation.run(on_progress=show)
    except KeyboardInterrupt as error:
        raise InterruptedRunError(validation.root, spec=spec) from error
