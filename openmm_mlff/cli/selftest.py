"""`openmm-mlff selftest`: the suite against potentials with planted faults."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmm_mlff.cli.options import option
from openmm_mlff.cli.progress import progress_bar
from openmm_mlff.errors import ConfigError
from openmm_mlff.storage.run_directory import RunDirectory, write_json


def selftest_command(
    *,
    seeds: Annotated[
        int, typer.Option(min=0, help="Number of healthy potentials of each kind")
    ] = 20,
    output: Annotated[
        Path | None, option("FILE.json to write the matrix to, and FILE.md beside it")
    ] = None,
    only: Annotated[
        list[str] | None,
        option("Only this fault, without healthy potentials; repeat for several", metavar="NAME"),
    ] = None,
    jobs: Annotated[int | None, option("Number of processes. Default: one per core", min=1)] = None,
) -> int:
    """Test the suite on potentials with planted faults: which it detects and which it misses.

    Every fault is planted into a healthy potential at two strengths, gross and just above the
    threshold, and every check is run on it; healthy potentials must pass. The matrix shows which
    check detected each fault, and from which strength.

    Returns:
        0 where every gross fault was caught by the check named for it and nothing healthy was.

    Raises:
        ConfigError: `output` is not a JSON file.
    """
    from openmm_mlff.selftest.faults import get_fault
    from openmm_mlff.selftest.jobs import run_selftest
    from openmm_mlff.selftest.tables import markdown, render_matrix

    for name in only or ():
        get_fault(name)
    if output is not None:
        # Checked first, rather than after an hour.
        if output.suffix != ".json":
            raise ConfigError(
                f"cannot write the matrix to {output}; expected a name ending in .json"
            )
        if output.is_dir():
            raise ConfigError(f"cannot write the matrix to {output}, a folder; name a file in it")
        RunDirectory.create(output.parent)
    with progress_bar("self-test") as show:
        matrix = run_selftest(
            seeds=seeds,
            only=only or (),
            processes=jobs,
            on_progress=lambda name, done, total: show(done, total, name),
        )
    console = Console()
    render_matrix(matrix, console=console)
    if output is not None:
        write_json(output, matrix.as_dict())
        output.with_suffix(".md").write_text(markdown(matrix), encoding="utf-8")
        console.print(f"wrote {output} and {output.with_suffix('.md')}")
    return 0 if matrix.passed else 1
