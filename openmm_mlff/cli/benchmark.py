"""`openmm-mlff benchmark`: speed and memory of potentials, compared with one another."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmm_mlff.benchmark.entries import BENCHMARK_FILE
from openmm_mlff.benchmark.plan import (
    BACKENDS,
    COMPILED,
    DEFAULT_MODELS,
    DEFAULT_SYSTEMS,
    BenchmarkPlan,
)
from openmm_mlff.cli.options import option
from openmm_mlff.cli.progress import progress_bar
from openmm_mlff.errors import ConfigError, PotentialError, SimulationError
from openmm_mlff.molecules.loader import check_there
from openmm_mlff.storage.run_directory import RunDirectory, write_json


def benchmark_command(
    potentials: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POTENTIAL...",
            help="student:original|tiny|ultra-tiny|water, PATH of a checkpoint, or "
            "ase:MODULE:NAME?key=value. Default: the three students",
            show_default=False,
        ),
    ] = None,
    *,
    system: Annotated[
        list[str] | None,
        option(
            "Library name (see openmm-mlff systems) or a PDB, SDF, XYZ or extxyz file; repeat for "
            f"several. Default: {', '.join(DEFAULT_SYSTEMS)}",
            *("--system", "-s"),
        ),
    ] = None,
    backend: Annotated[
        list[str] | None,
        option(
            f"{', '.join(BACKENDS)}; repeat for several. {COMPILED} compiles for a minute per "
            "model and system. Default: all others"
        ),
    ] = None,
    platform: Annotated[
        list[str] | None,
        option("auto, CUDA, OpenCL, CPU or Reference; repeat for several. Default: auto"),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="single or mixed (float32 weights), or double (float64 weights)")
    ] = "mixed",
    output: Annotated[Path, typer.Option(help="Folder for the results")] = Path("runs/benchmark"),
    blocks: Annotated[
        int, typer.Option(help="Rounds; in each, every model runs one block of each kind")
    ] = BenchmarkPlan.blocks,
    threads: Annotated[
        int, typer.Option(help="Threads of torch and of OpenMM's CPU platform", min=1, max=1024)
    ] = BenchmarkPlan.threads,
    replicas: Annotated[
        list[int] | None,
        option(
            "Also run this number of replicas of each system in one Context; repeat for several"
        ),
    ] = None,
    reference_model: Annotated[
        str | None,
        option(
            "Model to which the speedups of all models are relative. Default: student:original if "
            "it is measured, else the first"
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        option(
            "Instead: print what each measurement of this finished validation cost, in "
            "evaluations and seconds",
            metavar="RUNDIR",
        ),
    ] = None,
) -> int:
    """Measure ms/step through OpenMM, through ASE and of the model alone, ns/day and memory.

    Models and backends run in turn, block by block, on each system; benchmark.json,
    benchmark.md and figures are written.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: --validation was combined with potentials or systems.
        UserError: unusable input, or a model that cannot be run; files of earlier systems stay.
        PotentialError: a model became unstable, or a process failed.
    """
    if validation is not None:
        if potentials or system:
            raise ConfigError(
                "--validation prints the costs of a finished run; expected neither potentials nor "
                "--system with it"
            )
        return _print_costs(RunDirectory.open(validation))
    for name in system or ():
        check_there(name)
    plan = BenchmarkPlan(blocks=blocks, threads=threads, replicas=tuple(replicas or ()))
    from openmm_mlff.benchmark.runner import run_benchmark, write_page
    from openmm_mlff.report.benchmark_tables import render_benchmark

    file = output / BENCHMARK_FILE
    update: Callable[[int, int, str], None] | None = None

    def show(done: int, total: int, label: str) -> None:
        nonlocal update
        # Shown only once the input is validated: errors in it are printed in one line.
        if update is None:
            RunDirectory.create(output)
            update = bar.enter_context(progress_bar("benchmark"))
        update(done, total, label)

    try:
        with ExitStack() as bar:
            benchmark = run_benchmark(
                tuple(potentials or DEFAULT_MODELS),
                tuple(system or DEFAULT_SYSTEMS),
                backends=backend,
                platforms=tuple(platform or ("auto",)),
                precision=precision,
                plan=plan,
                reference_model=reference_model,
                on_progress=show,
                on_system=lambda found: write_json(file, found),
            )
    except SimulationError as error:
        raise PotentialError(
            f"{error}; what was measured on earlier systems is in {file}"
        ) from error
    write_page(benchmark, folder=output)
    console = Console()
    render_benchmark(benchmark, console=console)
    # A path that is broken over two lines can be neither clicked nor copied.
    console.print(f"Results: {file}", soft_wrap=True, highlight=False)
    return 0


def _print_costs(directory: RunDirectory) -> int:
    from openmm_mlff.report.costs import cost_rows, render_costs
    from openmm_mlff.storage.loader import load_evidence

    evidence = {name: load_evidence(directory, name) for name in directory.system_names()}
    render_costs(cost_rows(evidence), console=Console())
    return 0
