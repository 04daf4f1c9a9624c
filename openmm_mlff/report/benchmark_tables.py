"""Tables of a benchmark: for the terminal and as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from openmm_mlff.report.benchmark_data import (
    Entry,
    backends,
    by_platform,
    distinct,
    entries,
    model_names,
    spread_text,
    statistic,
)
from openmm_mlff.report.benchmark_sections import further_tables, render_ratios, render_replicas
from openmm_mlff.report.figures import FigureRecord
from openmm_mlff.report.markdown import figure_entry
from openmm_mlff.report.templating import evidence_text, flatten, render
from openmm_mlff.report.terminal import plain_table
from openmm_mlff.report.wording import integer, number

TITLE = "Benchmark"

COLUMNS = {
    "openmm_ms_per_step": ("OpenMM", "ms/step"),
    "reporters_ms_per_step": ("With reporters", "ms/step"),
    "ase_ms_per_step": ("ASE", "ms/step"),
    "model_ms_per_call": ("Model alone", "ms/call"),
    "ns_per_day": ("Rate", "ns/day"),
    "peak_resident_mebibytes": ("Memory", "MiB"),
    "peak_device_mebibytes": ("Device", "MiB"),
    "first_call_s": ("First call", "s"),
    "speedup_over_original": ("Speedup", ""),
}
"""Keys of an entry, with title and unit of their columns."""

_ON_PAGE_ONLY = ("reporters_ms_per_step", "first_call_s")
"""Omitted in the terminal for lack of width; the page has these columns."""


def render_benchmark(benchmark: Mapping[str, Any], *, console: Console) -> None:
    """Print one table per platform, followed by the ratios."""
    for platform, found in by_platform(entries(benchmark)).items():
        keys = [key for key in measured_columns(found) if key not in _ON_PAGE_ONLY]
        heads = [f"{title}\n{unit}" for title, unit in (COLUMNS[key] for key in keys)]
        table = plain_table(platform, heads=("Model", *heads), right_from=1)
        names = model_names(distinct(found, key="model"))
        several = len(backends(found)) > 1
        group = ""
        for entry in found:
            name = names[str(entry.get("model"))]
            heading = f"{entry.get('system')}, {name}" if several else str(entry.get("system"))
            if heading != group:
                group = heading
                table.add_row(Text(heading, style="bold blue"))
            numbers = [Text(number(statistic(entry, key=key))) for key in keys]
            table.add_row(Text(f" {entry.get('backend') if several else name}"), *numbers)
        console.print(table)
        console.print()
    render_ratios(benchmark, console=console)
    render_replicas(benchmark, console=console)


def benchmark_markdown(
    benchmark: Mapping[str, Any],
    *,
    figures: Sequence[FigureRecord] = (),
    folder: Path,
    title: str = TITLE,
) -> str:
    """Return a benchmark as a Markdown page whose figures are linked relative to ``folder``."""
    return render(
        "benchmark.md.j2",
        title=title,
        tables=[
            (platform, *_table(found))
            for platform, found in by_platform(entries(benchmark)).items()
        ]
        + further_tables(benchmark),
        figures=[figure_entry(figure, folder=folder) for figure in figures],
        provenance=[
            (key, evidence_text(value))
            for part in ("method", "environment")
            for key, value in flatten({part: benchmark.get(part) or {}})
        ],
    )


def measured_columns(found: Sequence[Entry]) -> list[str]:
    """Return the columns for which at least one entry has a value."""
    return [key for key in COLUMNS if any(statistic(entry, key=key) is not None for entry in found)]


def _table(found: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """Return the headers and rows of the table of one platform."""
    keys, named = measured_columns(found), bool(backends(found))
    titles = [f"{title} ({unit})" if unit else title for title, unit in (COLUMNS[k] for k in keys)]
    rows = [
        [
            str(entry.get("system")),
            str(entry.get("model")),
            *([str(entry.get("backend"))] if named else []),
            integer(entry.get("n_parameters")),
            *(spread_text(entry, key=key) for key in keys),
        ]
        for entry in found
    ]
    return ["System", "Model", *(["Backend"] if named else []), "Parameters", *titles], rows
