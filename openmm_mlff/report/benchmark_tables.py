"""Tables of a benchmark: for the terminal and as Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from openmm_mlff.report.benchmark_data import (
    Entry,
    by_platform,
    distinct,
    model_names,
    spread,
    spread_text,
)
from openmm_mlff.report.figures import FigureRecord
from openmm_mlff.report.markdown import figure_entry
from openmm_mlff.report.templating import evidence_text, flatten, render
from openmm_mlff.report.terminal import plain_table
from openmm_mlff.report.wording import NOTHING, integer, number

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

RATIOS = {
    "step_over_model": "Step / model alone",
    "reporters_over_model": "With reporters / model alone",
    "plain_over_step": "Faster than plain export",
    "teacher_over_step": "Faster than a teacher call",
}
"""Ratios of an entry and their labels."""

FASTEST_MARK = "*"
STAGES_TITLE = "Stages of a step (medians of the differences within rounds)"

_ON_PAGE_ONLY = ("reporters_ms_per_step", "first_call_s")
"""Omitted in the terminal for lack of width; the page has these columns."""

Section = tuple[str, list[str], list[list[str]]]
"""Title, column headers and rows of a table."""

Columns = Mapping[str, Callable[[Any], object]]
"""Header of each column, and how its cell follows from an entry."""

PLACE: Columns = {
    "System": lambda one: one["system"],
    "Model": lambda one: one["model"],
    "Backend": lambda one: one["backend"],
}


def render_benchmark(benchmark: Mapping[str, Any], *, console: Console) -> None:
    """Print the timings and the ratios by platform, and the gain of replicas."""
    names = model_names(distinct(benchmark["entries"], "model"))
    platforms = by_platform(benchmark["entries"])
    for platform, found in platforms.items():
        keys = [key for key in _measured(COLUMNS, found) if key not in _ON_PAGE_ONLY]
        several = len(distinct(found, "backend")) > 1
        rows = [
            (
                f"{one['system']}, {names[one['model']]}" if several else one["system"],
                [one["backend"] if several else names[one["model"]]]
                + [number(spread(one, key)[0]) for key in keys],
            )
            for one in found
        ]
        heads = ["Model", *("\n".join(COLUMNS[key]) for key in keys)]
        _print_groups(platform, heads, rows, console=console)
    for platform, found in platforms.items():
        if keys := _measured(RATIOS, found):
            _print_ratios(platform, found, keys, names=names, console=console)
    replica_rows = [
        (
            f"{one['system']}, {names[one['model']]}, {one['backend']}",
            [
                str(one["replicas"]),
                number(spread(one, "ms_per_replica_step")[0]),
                spread_text(one, "gain"),
                number(one["ns_per_day"]),
            ],
        )
        for one in benchmark.get("replicas", ())
    ]
    heads = ["Replicas", "ms per\nreplica-step", "Faster than\none alone", "ns/day,\nin total"]
    _print_groups("Replicas in one Context", heads, replica_rows, console=console)


def _print_ratios(
    platform: str,
    found: Sequence[Entry],
    keys: Sequence[str],
    *,
    names: Mapping[str, str],
    console: Console,
) -> None:
    """Print the ratios of one platform, each interval below its median to fit a terminal."""
    rows: list[tuple[str, list[str | Text]]] = [
        (
            f"{one['system']}, {names[one['model']]}",
            [
                _marked_backend(one),
                *(_two_lines(one, key) for key in keys),
                number(one["first_call_s"], digits=2),
            ],
        )
        for one in found
    ]
    heads = ["Backend", *(RATIOS[key] for key in keys), "First call, s"]
    _print_groups(f"Ratios, {platform}", heads, rows, console=console)
    console.print(
        f"Medians over the rounds, below them 95 % intervals; {FASTEST_MARK} the fastest backend.",
        end="\n\n",
        style="dim",
        highlight=False,
    )


def _two_lines(entry: Entry, key: str) -> Text:
    median, low, high = spread(entry, key)
    if median is None:
        return Text(NOTHING)
    return Text.assemble(
        number(median), (f"\n{number(low, digits=2)}–{number(high, digits=2)}", "dim")
    )


def _print_groups(
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str | Text]]],
    *,
    console: Console,
) -> None:
    """Print a table with a line above each group of rows; nothing if there are no rows."""
    if not rows:
        return
    table = plain_table(title, heads=heads, right_from=1)
    group = ""
    for heading, (first, *cells) in rows:
        if heading != group:
            table.add_row(Text(heading, style="bold blue"))
        group = heading
        table.add_row(Text(f" {first}"), *cells)
    console.print(table)
    console.print()


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
            _table(platform, found, _timing_columns(found))
            for platform, found in by_platform(benchmark["entries"]).items()
        ]
        + further_tables(benchmark),
        figures=[figure_entry(figure, folder=folder) for figure in figures],
        provenance=[
            (key, evidence_text(value))
            for part in ("method", "environment")
            for key, value in flatten({part: benchmark[part]})
        ],
    )


def further_tables(benchmark: Mapping[str, Any]) -> list[Section]:
    """Return the tables that follow the timings and for which there are data."""
    compared = [entry for entry in benchmark["entries"] if entry["ratios"]]
    profiles = benchmark.get("profiles", ())
    sections = [
        _table(
            f"Ratios (95 % interval of the median in brackets; {FASTEST_MARK} the fastest backend)",
            compared,
            _ratio_columns(compared),
        ),
        _table("Peers", benchmark.get("peers", ()), PEER_COLUMNS),
        _table("Scaling with atoms", benchmark["scaling"], SCALING_COLUMNS),
        _table("Replicas in one Context", benchmark.get("replicas", ()), REPLICA_COLUMNS),
        _table(STAGES_TITLE, profiles, STAGE_COLUMNS),
        *(
            _table(
                f"Operators: {one['model']} by {one['backend']} on {one['system']}, "
                f"{one['platform']}",
                one["operators"],
                OPERATOR_COLUMNS,
            )
            for one in profiles
        ),
        _table("Not measured", benchmark["skipped"], {**PLACE, "Why": lambda one: one["reason"]}),
    ]
    return [section for section in sections if section[2]]


def _table(title: str, found: Sequence[Any], columns: Columns) -> Section:
    return title, list(columns), [[str(cell(one)) for cell in columns.values()] for one in found]


def _measured(keys: Iterable[str], found: Sequence[Entry]) -> list[str]:
    """Return the keys for which at least one entry has a value."""
    return [key for key in keys if any(spread(entry, key)[0] is not None for entry in found)]


def _spreads(titles: Mapping[str, str]) -> Columns:
    return {title: partial(spread_text, key=key) for key, title in titles.items()}


def _timing_columns(found: Sequence[Entry]) -> Columns:
    titles = {
        key: f"{COLUMNS[key][0]} ({COLUMNS[key][1]})".removesuffix(" ()")
        for key in _measured(COLUMNS, found)
    }
    return {**PLACE, "Parameters": lambda one: integer(one["n_parameters"]), **_spreads(titles)}


def _ratio_columns(found: Sequence[Entry]) -> Columns:
    def platform(one: Entry) -> str:
        chosen = " (measured)" if one.get("threads_chosen") else ""
        return f"{one['platform']}, threads {one['threads']}{chosen}"

    titles = {key: RATIOS[key] for key in _measured(RATIOS, found)}
    return {**PLACE, "Backend": _marked_backend, "Platform": platform, **_spreads(titles)}


def _marked_backend(entry: Entry) -> str:
    return f"{entry['backend']}{FASTEST_MARK if entry['fastest'] else ''}"


def _scaling_text(one: Entry) -> str:
    pairs = zip(one["n_atoms"], one["ms_per_step"], strict=True)
    return ", ".join(f"{atoms}: {number(time)}" for atoms, time in pairs)


def _share_text(one: Entry, stage: str) -> str:
    """Format the time of a stage with its share of a step."""
    stages = one["stages"]
    step = sum(stages[name] for name in ("model", "integration", "marshalling"))
    return f"{number(stages[stage])} ({100.0 * stages[stage] / step:.0f} %)"


PEER_COLUMNS: Columns = {
    "System": lambda one: one["system"],
    "Peer": lambda one: one["peer"],
    "Call": lambda one: one["call"],
    "ms/call": lambda one: one["skipped"] or spread_text(one, "ms_per_call"),
}
SCALING_COLUMNS: Columns = {
    "Model": lambda one: one["model"],
    "Backend": lambda one: one["backend"],
    "Platform": lambda one: one["platform"],
    "Atoms: ms/step": _scaling_text,
    "Exponent b of time ~ atoms^b": lambda one: number(one["exponent"], digits=2),
}
REPLICA_COLUMNS: Columns = {
    **PLACE,
    "Platform": lambda one: f"{one['platform']}, threads {one['threads']}",
    "Replicas": lambda one: one["replicas"],
    "ms per replica-step": lambda one: spread_text(one, "ms_per_replica_step"),
    "Faster than one alone": lambda one: spread_text(one, "gain"),
    "ns/day, in total": lambda one: number(one["ns_per_day"]),
}
STAGE_COLUMNS: Columns = {
    **PLACE,
    "Model alone (ms, share of a step)": lambda one: _share_text(one, "model"),
    "OpenMM without forces": lambda one: _share_text(one, "integration"),
    "Rest: Python, handing over": lambda one: _share_text(one, "marshalling"),
    "Reporters add (ms)": lambda one: number(one["stages"]["reporters"]),
    "Operator calls a step": lambda one: number(one["operator_calls_per_step"]),
}
OPERATOR_COLUMNS: Columns = {
    "Operator": lambda one: one["name"],
    "Calls a step": lambda one: number(one["calls_per_step"]),
    "Own CPU time (µs a step)": lambda one: number(one["self_cpu_us_per_step"]),
    "Share": lambda one: f"{100.0 * one['share']:.1f} %",
}
