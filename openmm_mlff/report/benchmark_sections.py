"""Further tables of a benchmark: ratios, other packages, scaling, profiles, missing entries."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from openmm_mlff.report.benchmark_data import (
    Entry,
    by_platform,
    distinct,
    entries,
    interval_text,
    model_names,
    ratio_of,
    ratio_text,
    spread_text,
    statistic,
)
from openmm_mlff.report.terminal import plain_table
from openmm_mlff.report.wording import NOTHING, number

Section = tuple[str, list[str], list[list[str]]]
"""Title, column headers and rows of a table."""

RATIOS = {
    "step_over_model": "Step / model alone",
    "reporters_over_model": "With reporters / model alone",
    "plain_over_step": "Faster than plain export",
    "teacher_over_step": "Faster than a teacher call",
}
"""Ratios of an entry and their labels."""

FASTEST_MARK = "*"
STAGES_TITLE = "Stages of a step (medians of the differences within rounds)"


def render_ratios(benchmark: Mapping[str, Any], *, console: Console) -> None:
    """Print the ratios, medians with 95 % intervals, if there are any."""
    found = [entry for entry in entries(benchmark) if entry.get("ratios")]
    keys = _measured(found)
    if not keys:
        return
    names = model_names(distinct(found, key="model"))
    for platform, on_platform in by_platform(found).items():
        table = plain_table(
            f"Ratios, {platform}",
            heads=("Backend", *(RATIOS[key] for key in keys), "First call, s"),
            right_from=1,
        )
        groups = dict.fromkeys(
            (str(entry.get("system")), str(entry.get("model"))) for entry in on_platform
        )
        for system, model in groups:
            table.add_row(Text(f"{system}, {names[model]}", style="bold blue"))
            for entry in on_platform:
                if (str(entry.get("system")), str(entry.get("model"))) == (system, model):
                    cells = [_two_lines(entry, key=key) for key in keys]
                    first_call = number(statistic(entry, key="first_call_s"), digits=2)
                    table.add_row(Text(f" {_backend(entry)}"), *cells, first_call)
        console.print(table)
    console.print(
        f"Medians over the rounds, below them 95 % intervals; {FASTEST_MARK} the fastest backend.",
        style="dim",
        highlight=False,
    )
    console.print()


def render_replicas(benchmark: Mapping[str, Any], *, console: Console) -> None:
    """Print the speedup by replicas, medians with 95 % intervals, if there are any."""
    found = list(benchmark.get("replicas") or ())
    if not found:
        return
    names = model_names(distinct(found, key="model"))
    heads = ("Replicas", "ms per\nreplica-step", "Faster than\none alone", "ns/day,\nin total")
    table = plain_table("Replicas in one Context", heads=heads, right_from=1)
    group = ""
    for one in found:
        heading = f"{one['system']}, {names[str(one['model'])]}, {one['backend']}"
        if heading != group:
            group = heading
            table.add_row(Text(heading, style="bold blue"))
        table.add_row(
            Text(f" {one['replicas']}"),
            Text(number(statistic(one, key="ms_per_replica_step"))),
            Text(interval_text(one["gain"])),
            Text(number(one["ns_per_day"])),
        )
    console.print(table)
    console.print()


def _two_lines(entry: Entry, *, key: str) -> Text:
    """Format a ratio above its interval, to fit a narrow terminal."""
    found = ratio_of(entry, key=key)
    if not found:
        return Text(NOTHING)
    low, high = (number(found[name], digits=2) for name in ("low", "high"))
    return Text.assemble(number(found["median"]), (f"\n{low}–{high}", "dim"))


def further_tables(benchmark: Mapping[str, Any]) -> list[Section]:
    """Return the tables that follow the timings and for which there are data."""
    sections = [
        _ratios(benchmark),
        _peers(benchmark),
        _scaling(benchmark),
        _replicas(benchmark),
        *_profiles(benchmark),
        _skipped(benchmark),
    ]
    return [section for section in sections if section is not None]


def _backend(entry: Entry) -> str:
    mark = FASTEST_MARK if entry.get("fastest") else ""
    return f"{entry.get('backend') or NOTHING}{mark}"


def _measured(found: Sequence[Entry]) -> list[str]:
    return [key for key in RATIOS if any(ratio_of(entry, key=key) for entry in found)]


def _ratios(benchmark: Mapping[str, Any]) -> Section | None:
    found = [entry for entry in entries(benchmark) if entry.get("ratios")]
    keys = _measured(found)
    if not keys:
        return None
    rows = [
        [
            str(entry.get("system")),
            str(entry.get("model")),
            _backend(entry),
            f"{entry.get('platform')}, threads {entry.get('threads')}"
            f"{' (measured)' if entry.get('threads_chosen') else ''}",
            *(ratio_text(entry, key=key) for key in keys),
        ]
        for entry in found
    ]
    title = f"Ratios (95 % interval of the median in brackets; {FASTEST_MARK} the fastest backend)"
    heads = ["System", "Model", "Backend", "Platform", *(RATIOS[key] for key in keys)]
    return title, heads, rows


def _peers(benchmark: Mapping[str, Any]) -> Section | None:
    rows = [
        [
            str(peer["system"]),
            str(peer["peer"]),
            str(peer["call"]),
            str(peer["skipped"] or spread_text(peer, key="ms_per_call")),
        ]
        for peer in benchmark.get("peers") or ()
    ]
    return ("Peers", ["System", "Peer", "Call", "ms/call"], rows) if rows else None


def _scaling(benchmark: Mapping[str, Any]) -> Section | None:
    rows = [
        [
            str(one["model"]),
            str(one["backend"]),
            str(one["platform"]),
            ", ".join(
                f"{atoms}: {number(time)}"
                for atoms, time in zip(one["n_atoms"], one["ms_per_step"], strict=True)
            ),
            number(one["exponent"], digits=2),
        ]
        for one in benchmark.get("scaling") or ()
    ]
    heads = ["Model", "Backend", "Platform", "Atoms: ms/step", "Exponent b of time ~ atoms^b"]
    return ("Scaling with atoms", heads, rows) if rows else None


def _replicas(benchmark: Mapping[str, Any]) -> Section | None:
    rows = [
        [
            str(one["system"]),
            str(one["model"]),
            str(one["backend"]),
            f"{one['platform']}, threads {one['threads']}",
            str(one["replicas"]),
            spread_text(one, key="ms_per_replica_step"),
            interval_text(one["gain"]),
            number(one["ns_per_day"]),
        ]
        for one in benchmark.get("replicas") or ()
    ]
    heads = [
        "System",
        "Model",
        "Backend",
        "Platform",
        "Replicas",
        "ms per replica-step",
        "Faster than one alone",
        "ns/day, in total",
    ]
    return ("Replicas in one Context", heads, rows) if rows else None


def _profiles(benchmark: Mapping[str, Any]) -> list[Section]:
    """Return one table of stages, and one table of operators per profile."""
    profiles = benchmark.get("profiles") or []
    if not profiles:
        return []
    stages = [
        [
            str(one["system"]),
            str(one["model"]),
            str(one["backend"]),
            *_shares(one["stages"]),
            number(one["operator_calls_per_step"]),
        ]
        for one in profiles
    ]
    heads = [
        "System",
        "Model",
        "Backend",
        "Model alone (ms, share of a step)",
        "OpenMM without forces",
        "Rest: Python, handing over",
        "Reporters add (ms)",
        "Operator calls a step",
    ]
    return [(STAGES_TITLE, heads, stages)] + [
        (
            f"Operators: {one['model']} by {one['backend']} on {one['system']}, {one['platform']}",
            ["Operator", "Calls a step", "Own CPU time (µs a step)", "Share"],
            [
                [
                    str(operator["name"]),
                    number(operator["calls_per_step"]),
                    number(operator["self_cpu_us_per_step"]),
                    f"{100.0 * operator['share']:.1f} %",
                ]
                for operator in one["operators"]
            ],
        )
        for one in profiles
    ]


def _shares(stages: Mapping[str, float]) -> list[str]:
    """Format the stages of a step with their shares, and the time added by reporters."""
    parts = [stages[name] for name in ("model", "integration", "marshalling")]
    step = sum(parts)
    return [
        *(f"{number(part)} ({100.0 * part / step:.0f} %)" for part in parts),
        number(stages["reporters"]),
    ]


def _skipped(benchmark: Mapping[str, Any]) -> Section | None:
    rows = [
        [str(one["system"]), str(one["model"]), str(one["backend"]), str(one["reason"])]
        for one in benchmark.get("skipped") or ()
    ]
    heads = ["System", "Model", "Backend", "Why"]
    return ("Not measured", heads, rows) if rows else None
