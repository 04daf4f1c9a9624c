"""`openmm-mlff systems`, `checks` and `doctor`: what there is, what is checked, is all ready."""

import importlib.util
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from openmm_mlff.checks.registry import select
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import list_systems, load_system
from openmm_mlff.report.checks_page import checks_markdown
from openmm_mlff.report.checks_table import render_checks


def systems_command() -> int:
    """List the molecules of the library."""
    table = Table(
        "name", "formula", "atoms", "charge", "source", title="Systems", title_justify="left"
    )
    for name in list_systems():
        molecule = load_system(name)
        table.add_row(
            name, molecule.formula, str(molecule.n_atoms), f"{molecule.charge:+d}", molecule.source
        )
    Console().print(table)
    return 0


def checks_command(
    *,
    protocol: Annotated[
        str, typer.Option(help="Whose thresholds to show: quick, standard, extended or FILE.toml")
    ] = "standard",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/checks.md, all protocols in it")
    ] = False,
) -> int:
    """List all checks: id, group, formula, unit, threshold, and where it comes from."""
    if markdown:
        print(checks_markdown(), end="")
        return 0
    loaded = load_protocol(protocol)
    select(loaded)
    render_checks(loaded, console=Console())
    return 0


def doctor_command() -> int:
    """Say whether this machine is ready: packages, platforms, devices, reference."""
    from openmm_mlff.potentials.student import import_openmmtorch
    from openmm_mlff.simulation.environment import describe_environment
    from openmm_mlff.simulation.platforms import available_platforms
    from openmm_mlff.students.loading import shipped_students

    import_openmmtorch()
    environment = describe_environment(precision="mixed")
    table = Table("what", "found", title="This machine", title_justify="left")
    for package, version in environment["versions"].items():
        table.add_row(package, version)
    table.add_row("OpenMM plugin openmmtorch", "loads")
    table.add_row("OpenMM platforms", ", ".join(available_platforms()))
    table.add_row("CUDA device", environment["gpu"] or "none (CPU will be used)")
    table.add_row("processor", f"{environment['cpu']}, {environment['cores']} cores")
    table.add_row("torch threads", str(environment["torch_threads"]))
    table.add_row("students", ", ".join(shipped_students()))
    reference = (
        "ready (tblite)"
        if importlib.util.find_spec("tblite")
        else "missing; run: pip install 'openmm_mlff[reference]'"
    )
    table.add_row("reference GFN2-xTB", reference)
    Console().print(table)
    return 0
