"""The tables of the performance page, from the committed benchmark."""

from collections.abc import Mapping, Sequence
from typing import Any

from openmm_mlff.report.benchmark_tables import further_tables
from openmm_mlff.report.wording import number

OPERATORS_SHOWN = 8


def performance_markdown(
    benchmark: Mapping[str, Any],
    replicas: Mapping[str, Any],
    atoms: Mapping[str, Any],
    long_runs: Sequence[Mapping[str, Any]],
    floor: Mapping[str, Any],
    validations: Mapping[str, Any],
    targets: Sequence[Sequence[str]],
) -> str:
    """Return the contents of the benchmark files as Markdown tables with bold titles."""
    heads = ["What", "Target", "Measured", "Met"]
    parts = [
        _table("Targets (two CPU cores; ratios within one run)", heads, targets),
    ]
    parts += [
        _table(title, heads, rows[:OPERATORS_SHOWN] if title.startswith("Operators") else rows)
        for title, heads, rows in further_tables(benchmark)
    ]
    more = [_validations(validations), _floor(floor), _replicas(replicas), _atoms(atoms)]
    more.append(_long_runs(long_runs))
    return "\n\n".join([*parts, *more])


def _validations(validations: Mapping[str, Any]) -> str:
    rows = [
        [
            row["potential"],
            row["system"],
            str(row["atoms"]),
            row["protocol"],
            number(row["validation_s"]),
            number(row["runs_s"]),
            number(row["time_ratio"]),
            *(
                number(row[key]) if key in row else "–"
                for key in ("ms_per_call", "calls_ratio", "overhead_ratio")
            ),
            ", ".join(f"{name} {number(taken_s)} s" for name, taken_s in row["longest"].items()),
        ]
        for row in validations["rows"]
    ]
    heads = [
        "Potential",
        "System",
        "Atoms",
        "Protocol",
        "Validation, s",
        "Its NVE runs, s",
        "Ratio",
        "ms a call",
        "Calls over steps",
        "Time over that of the calls",
        "The rest, the longest",
    ]
    return _table("A validation against itself, and the NVE runs it is made for", heads, rows)


def _floor(floor: Mapping[str, Any]) -> str:
    rows = [
        [
            row["system"],
            row["potential"],
            number(row["mflop"]),
            number(row["weights_mebibytes"]),
            number(row["gemm_gflop_per_s"]),
            number(row["floor_ms"]),
            number(row["compiled_ms"]),
            f"{row['share']:.0%}",
        ]
        for row in floor["rows"]
    ]
    heads = [
        "System",
        "Model",
        "Matrix products, MFLOP a step",
        "Weights read, MiB",
        "This machine, GFLOP/s",
        "Floor, ms",
        "Compiled model, ms",
        "Floor reached",
    ]
    return _table("The floor: matrix products of a step at this machine's speed", heads, rows)


def _replicas(replicas: Mapping[str, Any]) -> str:
    rows = [
        [
            row["system"],
            str(row["threads"]),
            row["engine"],
            str(row["replicas"]),
            number(row["ms_per_replica_step"]),
            f"{number(row['gain'])} ({number(row['gain_interval'][0], digits=2)}–"
            f"{number(row['gain_interval'][1], digits=2)})",
            number(row["faster_than"]["torch-sim"]) if "torch-sim" in row["faster_than"] else "",
        ]
        for row in replicas["rows"]
    ]
    title = f"Replicas as one batch, {replicas['potential']}; OpenMM on {replicas['platform']}"
    heads = [
        "System",
        "Threads",
        "Engine",
        "Replicas",
        "ms per replica-step",
        "Gain over one (quartiles)",
        "Faster than torch-sim",
    ]
    return _table(title, heads, rows)


def _atoms(atoms: Mapping[str, Any]) -> str:
    smallest: dict[tuple[str, str], float] = {}
    rows = []
    for row in atoms["rows"]:
        model = (row["potential"], row["backend"])
        first = smallest.setdefault(model, row["us_per_atom"])
        numbers = (row["ms_per_step"], row["us_per_atom"], row["us_per_atom"] / first)
        cells = [number(value) for value in (*numbers, row["resident_mebibytes"])]
        rows.append([*model, str(row["n_atoms"]), *cells])
    title = f"Periodic boxes ({atoms['box']}) on {atoms['platform']}, threads: {atoms['threads']}"
    heads = ["Model", "Backend", "Atoms", "ms/step", "µs an atom", "Of the smallest's"]
    return _table(title, [*heads, "Memory of the process, MiB"], rows)


def _long_runs(long_runs: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            run["potential"],
            run["backend"],
            run["system"],
            number(run["time_ps"][-1]),
            number(run["resident_mebibytes"][0]),
            number(run["resident_mebibytes"][-1]),
            number(run["memory_growth_mebibytes_per_10000_steps"], digits=2),
            number(run["slowing"]),
        ]
        for run in long_runs
    ]
    heads = [
        "Model",
        "Backend",
        "System",
        "ps",
        "MiB after the first block",
        "MiB at the end",
        "MiB/10,000 steps",
        "CPU time of a step, end over start",
    ]
    return _table("Long runs", heads, rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"**{title}**", "", _line(heads), _line(["---"] * len(heads))]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(cells: Sequence[str]) -> str:
    escaped = (str(cell).replace("|", r"\|").replace("*", r"\*") for cell in cells)
    return f"| {' | '.join(escaped)} |"
