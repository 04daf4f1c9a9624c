"""`openmm-mlff export`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmm_mlff.cli.options import option
from openmm_mlff.errors import ConfigError, RunDirectoryError
from openmm_mlff.molecules import list_systems, load_system


def export_command(
    checkpoint: Annotated[str, typer.Argument(help="student:NAME, or PATH of a checkpoint")],
    output: Annotated[Path, typer.Argument(metavar="OUT.pt", help="The TorchScript file to write")],
    *,
    system: Annotated[
        str | None,
        option(
            "Molecule built into the file: forward(positions), nm and kJ/mol, as TorchForce "
            "requires. Without: forward(atomic_numbers, positions), Å and eV, for any molecule",
            "--system",
            "-s",
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="single or mixed (float32 weights), or double (float64 weights)")
    ] = "mixed",
    with_forces: Annotated[
        bool,
        option(
            "With --system: return energy and forces, several times faster; needs "
            "TorchForce.setOutputsForces(True)",
            "--with-forces",
        ),
    ] = False,
    force: Annotated[bool, option("Overwrite OUT.pt", "--force")] = False,
) -> int:
    """Export a checkpoint to TorchScript, checked against the eager model before it is written."""
    from openmm_mlff.potentials import load_potential
    from openmm_mlff.potentials.export import export_student
    from openmm_mlff.potentials.student import StudentPotential

    potential = load_potential(checkpoint)
    if not isinstance(potential, StudentPotential):
        raise ConfigError(f"cannot export {checkpoint!r}; expected student:NAME or a checkpoint")
    if output.exists() and not force:
        raise ConfigError(f"{output} exists; add --force to overwrite it, or name another file")
    # The module for any molecule has no box.
    known = [one for one in map(load_system, list_systems()) if not one.is_periodic]
    elements = potential.elements
    fits = [one for one in known if elements is None or elements.issuperset(one.atomic_numbers)]
    try:
        record = export_student(
            potential,
            output,
            molecules=fits,
            fixed=load_system(system) if system else None,
            with_forces=with_forces,
            precision=precision,
        )
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write {output} ({error.strerror}); choose another path"
        ) from error
    Console().print(
        f"wrote {record.path}: {record.contract}; against the eager model on "
        f"{record.geometries} geometries: {record.energy_error_ev_per_atom:.1e} eV/atom, "
        f"{record.force_error_ev_per_angstrom:.1e} eV/Å"
    )
    return 0
