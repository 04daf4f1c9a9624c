"""The command ``benchmark``: options, progress, files."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openmm_mlff.benchmark.entries import BENCHMARK_FILE
from openmm_mlff.benchmark.plan import (
    BACKENDS,
    COMPILED,
    DEFAULT_MODELS,
    DEFAULT_SYSTEMS,
    BenchmarkPlan,
)
from openmm_mlff.errors import PotentialError, SimulationError
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import RunDirectory, write_json

DEFAULT_OUTPUT = Path("runs/benchmark")
PAGE_FILE = "benchmark.md"


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
        typer.Option(
            "--system",
            "-s",
            help="Library name (see openmm-mlff systems) or a PDB, SDF, XYZ or extxyz file; "
            f"repeat for several. Default: {', '.join(DEFAULT_SYSTEMS)}",
            show_default=False,
        ),
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join(BACKENDS)}; repeat for several. {COMPILED} compiles for a minute per "
            "model and system. Default: all others",
            show_default=False,
        ),
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            help="auto, CUDA, OpenCL, CPU or Reference; repeat for several. Default: auto",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="single or mixed (float32 weights), or double (float64 weights)")
    ] = "mixed",
    output: Annotated[Path, typer.Option(help="Folder for the results")] = DEFAULT_OUTPUT,
    blocks: Annotated[
        int, typer.Option(help="Rounds; in each, every model runs one block of each kind")
    ] = BenchmarkPlan.blocks,
    threads: Annotated[
        int, typer.Option(help="Number of threads of torch and of OpenMM's CPU platform")
    ] = BenchmarkPlan.threads,
    replicas: Annotated[
        list[int] | None,
        typer.Option(
            help="Also run this number of replicas of each system in one Context; repeat for "
            "several",
            show_default=False,
        ),
    ] = None,
    reference_model: Annotated[
        str | None,
        typer.Option(
            help="Model to which the speedups of all models are relative. Default: "
            "student:original if it is measured, else the first",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Measure ms/step through OpenMM, through ASE and of the model alone, ns/day and memory.

    Models and backends run in turn, block by block, on each system; benchmark.json,
    benchmark.md and figures are written.

    Returns:
        The exit code, 0.

    Raises:
        UserError: unusable input, or a model that cannot be run; files of earlier systems stay.
    """
    plan = BenchmarkPlan(blocks=blocks, threads=threads, replicas=tuple(replicas or ()))
    from openmm_mlff.report.benchmark_tables import render_benchmark

    benchmark = _run_behind_bar(
        tuple(potentials or DEFAULT_MODELS),
        tuple(system or DEFAULT_SYSTEMS),
        folder=output,
        backends=backend,
        platforms=tuple(platform or ("auto",)),
        precision=precision,
        plan=plan,
        reference_model=reference_model,
    )
    write_page(benchmark, folder=output)
    console = Console()
    render_benchmark(benchmark, console=console)
    # A path that is broken over two lines can be neither clicked nor copied.
    console.print(f"Results: {output / BENCHMARK_FILE}", soft_wrap=True, highlight=False)
    return 0


def _run_behind_bar(
    specs: tuple[str, ...], systems: tuple[str, ...], *, folder: Path, **options: Any
) -> dict[str, Any]:
    """Run the benchmark with a progress bar; the file is written after each system."""
    from openmm_mlff.benchmark.runner import run_benchmark

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task("", total=None)

    def show(done: int, total: int, label: str) -> None:
        # Shown only once the input is validated: errors in it are printed in one line.
        if done == 0:
            RunDirectory.create(folder)
        bar.start()
        bar.update(task, completed=done, total=total, description=label)

    try:
        return run_benchmark(
            specs,
            systems,
            on_progress=show,
            on_system=lambda benchmark: write_json(folder / BENCHMARK_FILE, benchmark),
            **options,
        )
    except SimulationError as error:
        raise PotentialError(
            f"{error}; what was measured on earlier systems is in {folder / BENCHMARK_FILE}"
        ) from error
    finally:
        # A bar that was never shown would still print an empty line.
        if bar.live.is_started:
            bar.stop()


def write_page(benchmark: dict[str, Any], *, folder: Path) -> None:
    """Write the figures of a benchmark and its page."""
    from openmm_mlff.report.benchmark_plots import write_benchmark_figures
    from openmm_mlff.report.benchmark_tables import benchmark_markdown

    figures = write_benchmark_figures(benchmark, folder=folder)
    write_text(folder / PAGE_FILE, benchmark_markdown(benchmark, figures=figures, folder=folder))
