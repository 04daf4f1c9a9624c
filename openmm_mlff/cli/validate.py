"""`openmm-mlff validate`."""

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
from openmm_mlff.cli.output import (
    AsJson,
    Details,
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
from openmm_mlff.records import ValidationReport

if TYPE_CHECKING:
    from openmm_mlff.pipeline import Plan

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
    replicas: Replicas = None,
    charge: Charge = None,
    multiplicity: Multiplicity = None,
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
    """
    from openmm_mlff.pipeline import DEFAULT_SYSTEMS, prepare, run_plan

    specs = potentials or [DEFAULT_POTENTIAL]
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
    plans = [
        prepare(
            spec,
            systems=system or list(DEFAULT_SYSTEMS),
            protocol=protocol,
            reference=reference,
            platform=platform,
            precision=precision,
            seed=seed,
            output=_folder(output, spec, several=len(specs) > 1),
            resume=resume,
            options=options,
            replicas=replicas,
            charge=charge,
            multiplicity=multiplicity,
        )
        for spec in specs
    ]
    reports = []
    for plan in plans:
        with live_dashboard(plan.directory, systems=tuple(plan.molecules), quiet=quiet) as show:
            reports.append(run_plan(plan, on_progress=show))
        if not as_json:
            path = plan.directory.root / "report.md"
            show_report(reports[-1], report_path=path, quiet=quiet, details=details)
    if as_json:
        print_json(reports)
    if len(reports) > 1:
        _compare(plans, reports, output=output, say=not (as_json or quiet))
    return worst_exit_code(reports)


def _folder(output: Path | None, spec: str, *, several: bool) -> Path | None:
    """Give each of several potentials a folder of its own in the one that was asked for."""
    if output is None or not several:
        return output
    return output / Path(spec.replace("student:", "").replace(":", "_").replace("?", "_")).stem


def _compare(
    plans: list["Plan"], reports: list[ValidationReport], *, output: Path | None, say: bool
) -> None:
    """Write the comparison above the runs."""
    from openmm_mlff.report.comparing.summary import summarise
    from openmm_mlff.report.comparing.terminal import render_summary
    from openmm_mlff.report.comparison import COMPARISON_HTML, write_comparison

    folder = output or plans[0].directory.root.parent
    links = [str((plan.directory.root / "report.md").relative_to(folder)) for plan in plans]
    write_comparison(reports, folder, links=links)
    if say:
        console = Console()
        render_summary(reports, summarise(reports), console=console)
        console.print(f"Comparison: {folder / COMPARISON_HTML}", soft_wrap=True, highlight=False)
