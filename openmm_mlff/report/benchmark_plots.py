"""Plots of a benchmark: time per step, speedup, memory, scaling with atoms and replicas."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from openmm_mlff.plots import STYLES, Axis, Bars, Level, Line, Mark, Panel, Plot
from openmm_mlff.report.benchmark_data import (
    Entry,
    by_platform,
    distinct,
    find_entry,
    model_names,
    spread,
)
from openmm_mlff.report.figures import FigureRecord, write_figure
from openmm_mlff.report.plot_parts import bar_axis

TIMES = {
    "openmm_ms_per_step": "OpenMM",
    "reporters_ms_per_step": "OpenMM with reporters",
    "ase_ms_per_step": "ASE",
    "model_ms_per_call": "model alone",
}
RESIDENT, DEVICE = "peak_resident_mebibytes", "peak_device_mebibytes"
MEMORY = {RESIDENT: "Peak resident memory (MiB)", DEVICE: "Peak device memory (MiB)"}
PLAIN = "torchforce-plain"
EQUALLY_FAST = Level(1.0, "", "ink")
MOST_COLUMNS = 3
MS_PER_S = 1000.0

Curve = tuple[str, str, Sequence[float], Sequence[float]]
"""Model, backend, x values, y values."""


def write_benchmark_figures(benchmark: Mapping[str, Any], *, folder: Path) -> list[FigureRecord]:
    """Write every plot of a benchmark for which there are data."""
    plots = [
        *benchmark_plots(benchmark["entries"]),
        *backend_plots(benchmark["entries"]),
        atoms_plot(benchmark),
        replicas_plot(benchmark),
    ]
    return [
        write_figure(plot, folder / f"{plot.name}.png")
        for plot in plots
        if plot is not None and plot.has_data()
    ]


def benchmark_plots(everything: Sequence[Entry]) -> list[Plot]:
    """Return time per step, speedup and memory of each model's fastest backend."""
    found = [entry for entry in everything if entry["fastest"]]
    several = len(distinct(everything, "backend")) > 1
    plots = [_times(found)]
    # With several backends of one model, its speedup over itself is not informative.
    if not several or len(distinct(everything, "model")) > 1:
        plots.append(_speedups(found))
    return plots if several else [*plots, _memory(found)]


def backend_plots(found: Sequence[Entry]) -> list[Plot]:
    """Return time, speedup over the plain export and memory by backend; none for a single one."""
    if len(distinct(found, "backend")) < 2:
        return []
    where = "; ".join(by_platform(found))
    compiled = [entry for entry in found if entry["backend"] != PLAIN]
    label = "Speedup over plain export"
    plots = [
        Plot(
            "Time per step by backend",
            _by_backend(found, "openmm_ms_per_step", "OpenMM step (ms)"),
            f"Wall time of one step through OpenMM by model and backend ({where}). Bars: medians; "
            "whiskers: quartiles.",
            name="backends",
        ),
        Plot(
            "Speedup over the plain export",
            _by_backend(compiled, "plain_over_step", label, [EQUALLY_FAST]),
            "Speed of an OpenMM step relative to that of the same model as plain TorchScript "
            f"through autograd ({where}). Bars: medians of the ratios within a round; whiskers: "
            "95 % intervals of the medians; dashed: equally fast.",
            name="plain_speedup",
        ),
    ]
    for name, key in (("memory", RESIDENT), ("device_memory", DEVICE)):
        title = MEMORY[key].partition(" (")[0]
        caption = f"{title} of the process that ran the model ({where})."
        plots.append(Plot(title, _by_backend(found, key, MEMORY[key]), caption, name=name))
    return [_in_rows(plot) for plot in plots]


def atoms_plot(benchmark: Mapping[str, Any]) -> Plot | None:
    """Plot the time per step against the number of atoms; None where no model ran on two sizes."""
    found = benchmark["scaling"]
    if not found:
        return None
    curves = [(one["model"], one["backend"], one["n_atoms"], one["ms_per_step"]) for one in found]
    caption = (
        f"Wall time of one step through OpenMM ({'; '.join(distinct(found, 'platform'))}) "
        "against the number of atoms. Points: medians; both axes are logarithmic."
    )
    panel = _curve_panel(curves, "Atoms", "OpenMM step (ms)")
    return Plot("Scaling with atoms", [panel], caption, name="scaling", height_inch=2.5)


def replicas_plot(benchmark: Mapping[str, Any]) -> Plot | None:
    """Plot replica-steps per second against the number of replicas; None without replicas."""
    found = benchmark.get("replicas", ())
    if not found:
        return None
    panels = []
    for system in distinct(found, "system"):
        mine = [one for one in found if one["system"] == system]
        curves = _throughputs(mine, benchmark["entries"])
        panel = _curve_panel(curves, "Replicas", "Replica-steps per second")
        even = [
            Line(counts, [rates[0] * n / counts[0] for n in counts], "", "muted", "solid")
            for _, _, counts, rates in curves
        ]
        panels.append(replace(panel, marks=[*even, *panel.marks], title=system))
    caption = (
        "Steps per second of wall time, summed over all replicas, against the number of replicas "
        "that run as one batch in one Context. Points: medians; grey: proportional to the number "
        "of replicas; both axes are logarithmic."
    )
    return _in_rows(
        Plot("Throughput against replicas", panels, caption, "replicas", height_inch=2.5)
    )


def _times(found: Sequence[Entry]) -> Plot:
    """Plot the time per step with OpenMM, with ASE and of the model alone, by system."""
    panels = []
    for title, mine in _systems(found):
        names = model_names(distinct(mine, "model"))
        series = [_bars(name, mine, key) for key, name in TIMES.items()]
        groups = [names[entry["model"]] for entry in mine]
        panels.append(_bar_panel(title, "Time (ms)", series, groups))
    where = "; ".join(by_platform(found))
    caption = (
        "Wall time of one step through OpenMM and through ASE, and of one evaluation of energy and "
        f"forces by the model alone by each model's fastest backend ({where}). Bars: medians; "
        "whiskers: quartiles."
    )
    return _in_rows(Plot("Time per step", panels, caption, name="time_per_step"))


def _speedups(found: Sequence[Entry]) -> Plot:
    """Plot the speedup of each model over the baseline, by platform."""
    label = "Speedup over original"
    panels = [
        _by_model(platform, mine, "speedup_over_original", label, [EQUALLY_FAST])
        for platform, mine in by_platform(found).items()
    ]
    caption = (
        "Speed of an OpenMM step relative to that of the original model on the same system, by the "
        f"same backend ({'; '.join(by_platform(found))}). Bars: medians; whiskers: quartiles; "
        "dashed: equally fast."
    )
    return _in_rows(Plot("Speedup over the original", panels, caption, name="speedup"))


def _memory(found: Sequence[Entry]) -> Plot:
    """Plot the peak memory, resident and on the device, by platform."""
    panels = []
    for platform, mine in by_platform(found).items():
        before = statistics.median_high(one["baseline_resident_mebibytes"] for one in mine)
        level = Level(before, "before loading", "ink", "dotted")
        panels += [
            _by_model(platform, mine, key, label, [level] if key == RESIDENT else [])
            for key, label in MEMORY.items()
        ]
    caption = (
        f"Peak memory of the process that ran the model ({'; '.join(by_platform(found))}). Dotted: "
        "the process before the model was loaded."
    )
    return _in_rows(Plot("Peak memory", panels, caption, name="memory"))


def _by_model(
    title: str, found: Sequence[Entry], key: str, label: str, levels: Sequence[Level]
) -> Panel:
    """Return one group per system and one bar per model."""
    systems = distinct(found, "system")
    series = [
        _bars(name, [find_entry(found, model=model, system=system) for system in systems], key)
        for model, name in model_names(distinct(found, "model")).items()
    ]
    return _bar_panel(title, label, series, systems, levels)


def _by_backend(
    found: Sequence[Entry], key: str, label: str, levels: Sequence[Level] = ()
) -> list[Panel]:
    """Return one panel per system, one group per model and one bar per backend."""
    backends = distinct([one for one in found if spread(one, key)[0] is not None], "backend")
    panels = []
    for title, mine in _systems(found):
        names = model_names(distinct(mine, "model"))
        series = [
            _bars(backend, [find_entry(mine, model=one, backend=backend) for one in names], key)
            for backend in backends
        ]
        panels.append(_bar_panel(title, label, series, list(names.values()), levels))
    return panels


def _bar_panel(
    title: str,
    label: str,
    series: Sequence[Bars],
    groups: Sequence[str],
    levels: Sequence[Level] = (),
) -> Panel:
    axis = bar_axis(label, series, levels=[level.value for level in levels])
    return Panel(Axis(categories=tuple(groups)), axis, (*series, *levels), title)


def _bars(name: str, found: Sequence[Entry], key: str) -> Bars:
    heights, low, high = zip(*(spread(entry, key) for entry in found), strict=True)
    return Bars(name, heights, low, high)


def _in_rows(plot: Plot) -> Plot:
    """Return a plot without empty panels, up to three in a row."""
    panels = [panel for panel in plot.panels if panel.has_data()]
    return replace(plot, panels=panels, columns=min(MOST_COLUMNS, max(1, len(panels))))


def _systems(found: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the entries of each system and platform, with a title."""
    platforms = by_platform(found)
    for platform, mine in platforms.items():
        for system in distinct(mine, "system"):
            title = f"{system}, {platform}" if len(platforms) > 1 else system
            yield title, [entry for entry in mine if entry["system"] == system]


def _curve_panel(curves: Sequence[Curve], x_label: str, y_label: str) -> Panel:
    """Return curves whose colour is the model and whose style is the backend."""
    names = model_names(list(dict.fromkeys(model for model, *_ in curves)))
    backends = list(dict.fromkeys(backend for _, backend, *_ in curves))
    marks: list[Mark] = [
        Line(
            x,
            y,
            names[model] if len(backends) == 1 else f"{names[model]}, {backend}",
            list(names).index(model),
            STYLES[backends.index(backend) % len(STYLES)],
            markers=True,
        )
        for model, backend, x, y in curves
    ]
    ticks = tuple(sorted({float(value) for curve in curves for value in curve[2]}))
    return Panel(Axis(x_label, log=True, ticks=ticks), Axis(y_label, log=True), marks)


def _throughputs(replicas: Sequence[Entry], alone: Sequence[Entry]) -> list[Curve]:
    """Return the replica-steps per second of each model and backend on one system."""
    curves: list[Curve] = []
    for model, backend in dict.fromkeys((one["model"], one["backend"]) for one in replicas):
        where = {"model": model, "backend": backend}
        single = find_entry(alone, **where, system=replicas[0]["system"])
        times = {1: spread(single, "openmm_ms_per_step")[0]} | {
            one["replicas"]: spread(one, "ms_per_replica_step")[0]
            for one in replicas
            if where.items() <= one.items()
        }
        known = {count: time for count, time in sorted(times.items()) if time}
        curves.append((model, backend, list(known), [MS_PER_S / time for time in known.values()]))
    return curves
