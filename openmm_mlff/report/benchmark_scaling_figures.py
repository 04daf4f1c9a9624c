"""Figures of scaling: time with the number of atoms, throughput with the number of replicas."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from openmm_mlff.foreign_text import printable
from openmm_mlff.report.benchmark_data import (
    Entry,
    distinct,
    entries,
    find_entry,
    model_names,
    statistic,
)
from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    GREY,
    INK,
    PALETTE,
    SINGLE_COLUMN_INCH,
    FigureRecord,
    drawing,
    panel_letters,
)

MS_PER_S = 1000.0
STYLES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")
"""Line styles by backend; colours distinguish models."""

Line = tuple[str, str, Sequence[float], Sequence[float]]
"""Model, backend, x values, y values."""


def scaling_figures(benchmark: Mapping[str, Any], *, folder: Path) -> list[FigureRecord]:
    """Write `scaling.png` and `replicas.png` where there are data."""
    drawn = (
        atoms_figure(benchmark, path=folder / "scaling.png"),
        replicas_figure(benchmark, path=folder / "replicas.png"),
    )
    return [record for record in drawn if record is not None]


def atoms_figure(benchmark: Mapping[str, Any], *, path: Path) -> FigureRecord | None:
    """Draw the time per step against the number of atoms; None where no model ran on two sizes."""
    found = list(benchmark.get("scaling") or ())
    if not found:
        return None
    lines = [
        (str(one["model"]), str(one["backend"]), one["n_atoms"], one["ms_per_step"])
        for one in found
    ]
    with drawing(path, width_inch=SINGLE_COLUMN_INCH, height_inch=2.9) as figure:
        axes = figure.subplots()
        _draw(axes, lines)
        axes.set_xlabel("Atoms")
        axes.set_ylabel("OpenMM step (ms)")
        _ticks(axes, sorted({atoms for line in lines for atoms in line[2]}))
        _legend(figure, lines)
    caption = (
        f"Wall time of one step through OpenMM ({'; '.join(distinct(found, key='platform'))}) "
        "against the number of atoms. Points: medians; both axes are logarithmic."
    )
    return FigureRecord(path, "Scaling with atoms", caption, "", SINGLE_COLUMN_INCH)


def replicas_figure(benchmark: Mapping[str, Any], *, path: Path) -> FigureRecord | None:
    """Draw replica-steps per second against the number of replicas; None without replicas."""
    found = list(benchmark.get("replicas") or ())
    if not found:
        return None
    systems = distinct(found, key="system")
    width_inch = SINGLE_COLUMN_INCH if len(systems) == 1 else DOUBLE_COLUMN_INCH
    with drawing(path, width_inch=width_inch, height_inch=2.9) as figure:
        grid = figure.subplots(1, len(systems), squeeze=False)[0].tolist()
        for axes, system in zip(grid, systems, strict=True):
            lines = _throughputs(
                [one for one in found if one["system"] == system], entries(benchmark)
            )
            _draw(axes, lines)
            for _, _, counts, rates in lines:
                even = [rates[0] * count / counts[0] for count in counts]
                axes.plot(counts, even, color=GREY, linewidth=0.5, zorder=0)
            axes.set_title(system, loc="right", fontsize=7.0, pad=3.0)
            axes.set_xlabel("Replicas")
            _ticks(axes, sorted({count for line in lines for count in line[2]}))
        grid[0].set_ylabel("Replica-steps per second")
        panel_letters(grid)
        _legend(figure, [(e["model"], e["backend"], (), ()) for e in found])
    caption = (
        "Steps of all replicas together in a second of wall time, against the number of replicas "
        "that one Context steps as one batch. Points: medians; grey: as many times faster as there "
        "are replicas; both axes are logarithmic."
    )
    return FigureRecord(path, "Throughput against replicas", caption, "", width_inch)


def _throughputs(replicas: Sequence[Entry], alone: Sequence[Entry]) -> list[Line]:
    """Return the replica-steps per second of each model and backend on one system."""
    lines: list[Line] = []
    for model, backend in dict.fromkeys((str(e["model"]), str(e["backend"])) for e in replicas):
        mine = [e for e in replicas if (e["model"], e["backend"]) == (model, backend)]
        one = find_entry(alone, model=model, system=str(mine[0]["system"]), backend=backend)
        times = {1: statistic(one, key="openmm_ms_per_step")}
        times |= {int(e["replicas"]): statistic(e, key="ms_per_replica_step") for e in mine}
        known = {count: time for count, time in sorted(times.items()) if time}
        lines.append((model, backend, list(known), [MS_PER_S / time for time in known.values()]))
    return lines


def _draw(axes: Axes, lines: Sequence[Line]) -> None:
    models, used = _distinct(lines)
    for model, backend, x, y in lines:
        axes.plot(
            x,
            y,
            marker="o",
            markersize=3.0,
            color=PALETTE[models.index(model) % len(PALETTE)],
            linestyle=STYLES[used.index(backend) % len(STYLES)],
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _distinct(lines: Sequence[Line]) -> tuple[list[str], list[str]]:
    """Return models and backends in the order in which colours and styles are assigned."""
    return (
        list(dict.fromkeys(line[0] for line in lines)),
        list(dict.fromkeys(line[1] for line in lines)),
    )


def _legend(figure: Figure, lines: Sequence[Line]) -> None:
    """Draw one legend above all panels: colours, and line styles where there are several."""
    models, used = _distinct(lines)
    names = model_names(models)
    handles = [
        Line2D([], [], color=PALETTE[k % len(PALETTE)], marker="o", markersize=3.0, label=label)
        for k, label in enumerate(printable(names[model]) for model in models)
    ]
    if len(used) > 1:
        handles += [
            Line2D([], [], color=INK, linestyle=STYLES[k % len(STYLES)], label=backend)
            for k, backend in enumerate(used)
        ]
    legend = figure.legend(handles=handles, loc="outside upper left", ncols=3)
    for text in legend.get_texts():
        # Escaped, because matplotlib reads a dollar sign in a model's name as the start of a
        # formula.
        text.set_parse_math(False)


def _ticks(axes: Axes, values: Sequence[float]) -> None:
    """Set ticks at the sizes that were run only."""
    axes.xaxis.set_major_locator(FixedLocator(list(values)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
