"""The tables of the page on performance, from the committed benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from openmm_mlff.report.benchmark_sections import further_tables
from openmm_mlff.report.wording import number

OPERATORS_SHOWN = 8


def performance_markdown(benchmark: Mapping[str, Any], replicas: Mapping[str, Any]) -> str:
    """Write what a benchmark measured as Markdown tables.

    Args:
        benchmark: what `benchmark.json` holds.
        replicas: what `replicas.json` holds.

    Returns:
        Tables with titles in bold.
    """
    parts = [
        _table(title, heads, rows[:OPERATORS_SHOWN] if title.startswith("Operators") else rows)
        for title, heads, rows in further_tables(benchmark)
    ]
    return "\n\n".join([*parts, _replicas(replicas)])


def _replicas(replicas: Mapping[str, Any]) -> str:
    rows = [
        [
            row["system"],
            str(row["threads"]),
            str(row["replicas"]),
            number(row["ms_per_replica_step"]),
            f"{number(row['gain'])} ({number(row['gain_interval'][0], digits=2)}–"
            f"{number(row['gain_interval'][1], digits=2)})",
        ]
        for row in replicas["rows"]
    ]
    title = f"Replicas in one Context, {replicas['potential']} on {replicas['platform']}"
    heads = ["System", "Threads", "Replicas", "ms per replica-step", "Gain over one (quartiles)"]
    return _table(title, heads, rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"**{title}**", "", _line(heads), _line(["---"] * len(heads))]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[str]) -> str:
    escaped = (str(cell).replace("|", r"\|").replace("*", r"\*") for cell in cells)
    return f"| {' | '.join(escaped)} |"
