"""Tables of a benchmark: for the terminal and as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from openmm_mlff.report.benchmark_data import (
    Entry,
    by_platform,
    distinct,
    entries,
    model_names,
    spread_text,
    statistic,
)
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.markdown import figure_entry
from openmm_mlff.report.tables import plain_table
from openmm_mlff.report.templating import evidence_text, flatten, render
from openmm_mlff.report.wording import integer, number

TITLE = "Benchmark"

COLUMNS = {
    "openmm_ms_per_step": ("OpenMM", "ms/step"),
    "ase_ms_per_step": ("ASE", "ms/step"),
    "model_ms_per_call": ("Model alone", "ms/call"),
    "ns_per_day": ("Rate", "ns/day"),
    "peak_resident_mebibytes": ("Memory", "MiB"),
    "peak_device_mebibytes": ("Device", "MiB"),
    "speedup_over_original": ("Speedup", ""),
}
"""Numbers of an entry, with title and unit of their columns."""


def render_benchmark(benchmark: Mapping[str, Any], *, console: Console) -> None:
    """Print a benchmark, one table a platform.

    Args:
        benchmark: what `benchmark.json` holds.
        console: where to print.
    """
    for platform, found in by_platform(entries(benchmark)).items():
        keys = measured_columns(found)
        heads = [f"{title}\n{unit}" for title, unit in (COLUMNS[key] for key in keys)]
        table = plain_table(platform, heads=("Model", *heads), right_from=1)
        names = model_names(distinct(found, key="model"))
        for system in distinct(found, key="system"):
            table.add_row(Text(system, style="bold blue"))
            for entry in (one for one in found if str(one.get("system")) == system):
                numbers = [Text(number(statistic(entry, key=key))) for key in keys]
                table.add_row(Text(f" {names[str(entry.get('model'))]}"), *numbers)
        console.print(table)
        console.print()


def benchmark_markdown(
    benchmark: Mapping[str, Any],
    *,
    figures: Sequence[FigureRecord] = (),
    folder: Path,
    title: str = TITLE,
) -> str:
    """Write a benchmark as a page.

    Args:
        benchmark: what `benchmark.json` holds.
        figures: shown with their captions.
        folder: where the page will lie, from which figures are linked.
        title: of the page.

    Returns:
        Tables with medians and quartiles, figures, machine and method.
    """
    return render(
        "benchmark.md.j2",
        title=title,
        tables=[
            (platform, *_table(found))
            for platform, found in by_platform(entries(benchmark)).items()
        ],
        figures=[figure_entry(figure, folder=folder) for figure in figures],
        provenance=[
            (key, evidence_text(value))
            for part in ("method", "environment")
            for key, value in flatten({part: benchmark.get(part) or {}})
        ],
    )


def measured_columns(found: Sequence[Entry]) -> list[str]:
    """List the columns that at least one entry fills."""
    return [key for key in COLUMNS if any(statistic(entry, key=key) is not None for entry in found)]


def _table(found: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Give titles and rows of one platform's table."""
    keys = measured_columns(found)
    titles = [f"{title} ({unit})" if unit else title for title, unit in (COLUMNS[k] for k in keys)]
    rows = [
        [
            str(entry.get("system")),
            str(entry.get("model")),
            integer(entry.get("n_parameters")),
            *(spread_text(entry, key=key) for key in keys),
        ]
        for entry in found
    ]
    return ["System", "Model", "Parameters", *titles], rows
