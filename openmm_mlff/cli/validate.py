"""`openmm-mlff validate`."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openmm_mlff.cli.completion import (
    complete_platform,
    complete_potential,
    complete_precision,
    complete_protocol,
    complete_system,
)
from openmm_mlff.cli.folders import output_folders
from openmm_mlff.cli.output import (
    AsJson,
    Details,
    Plugins,
    Quiet,
    print_json,
    show_report,
    worst_exit_code,
)
from openmm_mlff.cli.potential_options import (
    Backend,
    Compiled,
    Constraints,
    Contract,
    EnergyUnit,
    ForceField,
    HydrogenMass,
    LengthUnit,
    MlAtoms,
    Parameters,
    potential_options,
)
from openmm_mlff.cli.progress import live_dashboard
from openmm_mlff.cli.resuming import InterruptedRunError
from openmm_mlff.errors import ConfigError
from openmm_mlff.records import ValidationReport
from openmm_mlff.rundir import RunDirectory

if TYPE_CHECKING:
    from openmm_mlff.pipeline.opening import Validation

_SANDBOX_PANEL = "What a potential may do to the run"
DEFAULT_POTENTIAL = "student:original"

Potentials = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="POTENTIAL...",
        help="student:original|tiny|ultra-tiny, PATH of a checkpoint or a TorchScript file, "
        "openmm-ml:NAME, or ase:MODULE:CLASS?key=value. Default: student:original",
        show_default=False,
        autocompletion=complete_potential,
    ),
]
Systems = Annotated[
    list[str] | None,
    typer.Option(
        "--system",
        "-s",
        help="Library name (openmm-mlff systems), a structure file (PDB, mmCIF, SDF, MOL2, XYZ, "
        "extxyz; FILE@N for one frame, FILE@all), or smiles:SMILES; repeat for several. Default: "
        "water, methane, alanine",
        show_default=False,
        autocompletion=complete_system,
    ),
]
ProtocolName = Annotated[
    str,
    typer.Option(
        help="quick (about a minute, never approves), standard, extended, or FILE.toml",
        autocompletion=complete_protocol,
    ),
]
Reference = Annotated[
    str,
    typer.Option(
        help="What is right: a spec string, a file of labelled frames (extxyz, ASE db), auto "
        "(GFN2-xTB by tblite), none, or none:REASON"
    ),
]
PlatformName = Annotated[
    str,
    typer.Option(help="auto, CUDA, OpenCL, CPU or Reference", autocompletion=complete_platform),
]
Precision = Annotated[
    str,
    typer.Option(
        help="single or mixed (float32 weights), or double (float64 weights)",
        autocompletion=complete_precision,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(help="Folder of the run. Default: a new one under runs/", show_default=False),
]
Replicas = Annotated[
    int | None,
    typer.Option(
        help="Runs from different velocities for each condition; a student's share one Context. "
        "Default: the protocol's number",
        show_default=False,
    ),
]
Charge = Annotated[int | None, typer.Option(help="Total charge of the systems")]
Multiplicity = Annotated[int | None, typer.Option(help="Spin multiplicity of the systems")]
Seed = Annotated[int, typer.Option(help="Of velocities and distortions")]
Sandbox = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="Run the potential in a process of its own, which may crash: that costs its check, "
        "not the run. Default: yes, on Linux",
        show_default=False,
        rich_help_panel=_SANDBOX_PANEL,
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="A stage that shows no progress for so long is ended. Default: 3600",
        show_default=False,
        rich_help_panel=_SANDBOX_PANEL,
    ),
]
TotalTimeLimit = Annotated[
    float | None,
    typer.Option(
        "--total-time-limit",
        metavar="SECONDS",
        help="After so long nothing more of a run is begun. Default: none",
        show_default=False,
        rich_help_panel=_SANDBOX_PANEL,
    ),
]
MemoryLimit = Annotated[
    float | None,
    typer.Option(
        "--memory-limit",
        metavar="GIB",
        help="A stage that needs more is ended. Default: 80 % of the memory there is",
        show_default=False,
        rich_help_panel=_SANDBOX_PANEL,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        help="Systems that are run side by side, each in a process of its own. Default: one for "
        "each core; one where there is a GPU",
        show_default=False,
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --output")]


def validate_command(
    potentials: Potentials = None,
    *,
    system: Systems = None,
    protocol: ProtocolName = "standard",
    reference: Reference = "auto",
    platform: PlatformName = "auto",
    precision: Precision = "mixed",
    output: Output = None,
    seed: Seed = 1,
    resume: Resume = False,
    plugin: Plugins = None,
    replicas: Replicas = None,
    jobs: Jobs = None,
    charge: Charge = None,
    multiplicity: Multiplicity = None,
    sandbox: Sandbox = None,
    time_limit: TimeLimit = None,
    total_time_limit: TotalTimeLimit = None,
    memory_limit: MemoryLimit = None,
    backend: Backend = "torchforce",
    compiled: Compiled = False,
    contract: Contract = None,
    energy_unit: EnergyUnit = None,
    length_unit: LengthUnit = None,
    parameter: Parameters = None,
    ml_atoms: MlAtoms = None,
    forcefield: ForceField = None,
    constraints: Constraints = "none",
    hydrogen_mass: HydrogenMass = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    details: Details = False,
) -> int:
    """Judge potentials: APPROVED (exit code 0), REJECTED (1) or INCONCLUSIVE (3), with evidence.

    Each potential is exported, loaded into OpenMM, compared with itself through other paths, run
    in NVE on every system and compared with the reference. Figures, report.md and report.json
    are written beside the trajectories.

    Returns:
        The exit code of the gravest verdict.

    Raises:
        ConfigError: a potential is named twice.
    """
    from openmm_mlff.pipeline import (
        DEFAULT_SYSTEMS,
        ValidationRequest,
        isolation_limits,
        open_validation,
    )

    specs = potentials or [DEFAULT_POTENTIAL]
    twice = [spec for spec in specs if specs.count(spec) > 1]
    if twice:
        raise ConfigError(f"potential {twice[0]!r} is named twice; give it once")
    folders = output_folders(output, specs)
    options = potential_options(
        backend=backend,
        compiled=compiled,
        contract=contract,
        energy_unit=energy_unit,
        length_unit=length_unit,
        parameters=parameter,
        ml_atoms=ml_atoms,
        forcefield=forcefield,
        constraints=constraints,
        hydrogen_mass_amu=hydrogen_mass,
    )
    limits = isolation_limits(
        sandbox=sandbox,
        time_limit_s=time_limit,
        memory_limit_gib=memory_limit,
        total_time_limit_s=total_time_limit,
    )
    requests = [
        ValidationRequest(
            potential=spec,
            systems=tuple(system or DEFAULT_SYSTEMS),
            protocol=protocol,
            reference=reference,
            platform=platform,
            precision=precision,
            seed=seed,
            output=folder,
            resume=resume,
            options=options,
            replicas=replicas,
            charge=charge,
            multiplicity=multiplicity,
            plugins=tuple(plugin or ()),
        )
        for spec, folder in zip(specs, folders, strict=True)
    ]
    reports = []
    with ExitStack() as opened:
        validations = []
        for request in requests:
            validations.append(open_validation(request, limits=limits, jobs=jobs))
            opened.callback(validations[-1].close)
        for validation, spec in zip(validations, specs, strict=True):
            reports.append(_run(validation, spec=spec, quiet=quiet))
            if not as_json:
                path = validation.root / "report.html"
                show_report(reports[-1], report_path=path, quiet=quiet, details=details)
    if as_json:
        print_json(reports)
    if len(reports) > 1:
        roots = [validation.root for validation in validations]
        _compare(roots, reports, output=output, say=not (as_json or quiet))
    return worst_exit_code(reports)


def _run(validation: "Validation", *, spec: str, quiet: bool) -> ValidationReport:
    directory = RunDirectory.create(validation.root)
    try:
        with live_dashboard(directory, systems=validation.systems, quiet=quiet) as show:
            return validation.run(on_progress=show)
    except KeyboardInterrupt as error:
        raise InterruptedRunError(validation.root, spec=spec) from error


def _compare(
    roots: list[Path], reports: list[ValidationReport], *, output: Path | None, say: bool
) -> None:
    """Write the comparison above the runs."""
    from openmm_mlff.report.comparing.summary import summarise
    from openmm_mlff.report.comparing.terminal import render_summary
    from openmm_mlff.report.comparison import COMPARISON_HTML, write_comparison

    folder = output or roots[0].parent
    links = [str((root / "report.html").relative_to(folder)) for root in roots]
    write_comparison(reports, folder, links=links)
    if say:
        console = Console()
        render_summary(reports, summarise(reports), console=console)
        console.print(f"Comparison: {folder / COMPARISON_HTML}", soft_wrap=True, highlight=False)
