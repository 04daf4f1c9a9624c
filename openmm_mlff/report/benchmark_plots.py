"""Plots of a benchmark: time per step, speedup, memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from openmm_mlff.plots import Axis, Bars, Level, Panel, Plot
from openmm_mlff.report.axes import bar_axis
from openmm_mlff.report.benchmark_data import (
    TIMES,
    Entry,
    backends,
    by_platform,
    distinct,
    entries,
    fastest,
    find_entry,
    model_names,
    ratio_of,
    statistic,
)
from openmm_mlff.report.benchmark_scaling import atoms_plot, replicas_plot
from openmm_mlff.report.figures import FigureRecord, write_figure

PLAIN = "torchforce-plain"
RESIDENT, DEVICE = "peak_resident_mebibytes", "peak_device_mebibytes"
MEMORY = {RESIDENT: "Peak resident memory (MiB)", DEVICE: "Peak device memory (MiB)"}
SPEEDUP = "speedup_over_original"
EQUALLY_FAST = Level(1.0, "", "ink")
MOST_COLUMNS = 3

Read = Callable[[Entry], tuple[float | None, float | None, float | None]]
"""Map an entry to the height of its bar and the ends of its error bar."""


def write_benchmark_figures(benchmark: Mapping[str, Any], *, folder: Path) -> list[FigureRecord]:
    """Write every plot of a benchmark for which there are data."""
    plots = [
        *benchmark_plots(benchmark),
        *backend_plots(entries(benchmark)),
        atoms_plot(benchmark),
        replicas_plot(benchmark),
    ]
    return [
        write_figure(plot, folder / f"{plot.name}.png")
        for plot in plots
        if plot is not None and plot.has_data()
    ]


def benchmark_plots(benchmark: Mapping[str, Any]) -> list[Plot]:
    """Return time per step, speedup and memory of each model's fastest backend."""
    everything = entries(benchmark)
    found, several = fastest(everything), len(backends(everything)) > 1
    plots = [_times(found)]
    # With several backends of one model, its speedup over itself is not informative.
    if not several or len(distinct(everything, key="model")) > 1:
        plots.append(_speedups(found))
    return plots if several else [*plots, _memory(found)]


def backend_plots(found: Sequence[Entry]) -> list[Plot]:
    """Return time, speedup over the plain export and memory by backend; none for a single one."""
    if len(backends(found)) < 2:
        return []
    where = "; ".join(by_platform(found))
    compiled = [entry for entry in found if entry.get("backend") != PLAIN]
    speedup = _by_backend(compiled, _plain_speedup, "Speedup over plain export", [EQUALLY_FAST])
    plots = [
        Plot(
            "Time per step by backend",
            _by_backend(found, _timing("openmm_ms_per_step"), "OpenMM step (ms)"),
            f"Wall time of one step through OpenMM by model and backend ({where}). Bars: medians; "
            "whiskers: quartiles.",
            name="backends",
        ),
        Plot(
            "Speedup over the plain export",
            speedup,
            "Speed of an OpenMM step relative to that of the same model as plain TorchScript "
            f"through autograd ({where}). Bars: medians of the ratios within a round; whiskers: "
            "95 % intervals of the medians; dashed: equally fast.",
            name="plain_speedup",
        ),
    ]
    for name, key in (("memory", RESIDENT), ("device_memory", DEVICE)):
        title = MEMORY[key].partition(" (")[0]
        caption = f"{title} of the process that ran the model ({where})."
        panels = _by_backend(found, _timing(key), MEMORY[key])
        plots.append(Plot(title, panels, caption, name=name))
    return [_in_rows(plot) for plot in plots]


def _times(found: Sequence[Entry]) -> Plot:
    """Plot the time per step with OpenMM, with ASE and of the model alone, by system."""
    keys = [key for key in TIMES if any(_timing(key)(entry)[0] is not None for entry in found)]
    panels = []
    for title, panel in _systems(found):
        names = model_names(distinct(panel, key="model"))
        groups = [names[str(entry.get("model"))] for entry in panel]
        series = [_bars(TIMES[key], panel, _timing(key)) for key in keys]
        panels.append(_bar_panel(title, "Time (ms)", series, groups=groups))
    by = " by each model's fastest backend" if backends(found) else ""
    caption = (
        "Wall time of one step through OpenMM and through ASE, and of one evaluation of energy and "
        f"forces by the model alone{by}{_on_platforms(found)}. Bars: medians; whiskers: quartiles."
    )
    return _in_rows(Plot("Time per step", panels, caption, name="time_per_step"))


def _speedups(found: Sequence[Entry]) -> Plot:
    """Plot the speedup of each model over the baseline, by platform."""
    panels = [
        _by_model(platform, mine, SPEEDUP, "Speedup over original", found, [EQUALLY_FAST])
        for platform, mine in by_platform(found).items()
    ]
    caption = (
        "Speed of an OpenMM step relative to that of the original model on the same system, by the "
        f"same backend{_on_platforms(found)}. Bars: medians; whiskers: quartiles; dashed: equally "
        "fast."
    )
    return _in_rows(Plot("Speedup over the original", panels, caption, name="speedup"))


def _memory(found: Sequence[Entry]) -> Plot:
    """Plot the peak memory, resident and on the device, by platform."""
    panels, dotted = [], ""
    for platform, mine in by_platform(found).items():
        for key, label in MEMORY.items():
            before = sorted(_numbers(mine, "baseline_resident_mebibytes"))
            levels = []
            if key == RESIDENT and before:
                levels = [Level(before[len(before) // 2], "before loading", "ink", "dotted")]
                dotted = " Dotted: the process before the model was loaded."
            panels.append(_by_model(platform, mine, key, label, found, levels))
    caption = f"Peak memory of the process that ran the model{_on_platforms(found)}.{dotted}"
    return _in_rows(Plot("Peak memory", panels, caption, name="memory"))


def _by_model(
    title: str,
    found: Sequence[Entry],
    key: str,
    label: str,
    everything: Sequence[Entry],
    levels: Sequence[Level],
) -> Panel:
    """Return one group per system and one bar per model."""
    systems, models = distinct(found, key="system"), distinct(everything, key="model")
    names = model_names(models)
    series = [
        _bars(
            names[model],
            [find_entry(found, model=model, system=system) for system in systems],
            _timing(key),
        )
        for model in models
    ]
    return _bar_panel(title, label, series, groups=systems, levels=levels)


def _by_backend(
    found: Sequence[Entry], read: Read, label: str, levels: Sequence[Level] = ()
) -> list[Panel]:
    """Return one panel per system, one group per model and one bar per backend."""
    shown = backends([entry for entry in found if read(entry)[0] is not None])
    panels = []
    for title, mine in _systems(found):
        models = distinct(mine, key="model")
        names, system = model_names(models), str(mine[0].get("system"))
        series = [
            _bars(
                backend,
                [find_entry(mine, model=one, system=system, backend=backend) for one in models],
                read,
            )
            for backend in shown
        ]
        groups = [names[model] for model in models]
        panels.append(_bar_panel(title, label, series, groups=groups, levels=levels))
    return panels


def _bar_panel(
    title: str,
    label: str,
    series: Sequence[Bars],
    *,
    groups: Sequence[str],
    levels: Sequence[Level] = (),
) -> Panel:
    axis = bar_axis(label, series, levels=[level.value for level in levels])
    return Panel(Axis(categories=tuple(groups)), axis, (*series, *levels), title)


def _in_rows(plot: Plot) -> Plot:
    """Return a plot without empty panels, up to three in a row."""
    panels = [panel for panel in plot.panels if panel.has_data()]
    return replace(plot, panels=panels, columns=min(MOST_COLUMNS, max(1, len(panels))))


def _systems(found: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the entries of each system and platform, with a title."""
    platforms = by_platform(found)
    for platform, on_platform in platforms.items():
        for system in distinct(on_platform, key="system"):
            title = f"{system}, {platform}" if len(platforms) > 1 else system
            yield title, [entry for entry in on_platform if entry.get("system") == system]


def _bars(name: str, found: Sequence[Entry], read: Read) -> Bars:
    heights, low, high = zip(*(read(entry) for entry in found), strict=True)
    return Bars(name, heights, low, high)


def _timing(key: str) -> Read:
    """Return a function that reads the median and the quartiles of a timing."""

    def read(entry: Entry) -> tuple[float | None, float | None, float | None]:
        median, low, high = (statistic(entry, key=key, name=n) for n in ("median", "p25", "p75"))
        return median, low, high

    return read


def _plain_speedup(entry: Entry) -> tuple[float | None, float | None, float | None]:
    found = ratio_of(entry, key="plain_over_step")
    return found.get("median"), found.get("low"), found.get("high")


def _numbers(found: Sequence[Entry], key: str) -> list[float]:
    return [value for entry in found if (value := statistic(entry, key=key)) is not None]


def _on_platforms(found: Sequence[Entry]) -> str:
    return f" ({'; '.join(by_platform(found))})"
