"""Figures of a benchmark: time per step, speedup, memory."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from openmm_mlff.report.bars import BarSeries, draw_bars, legend_of_figure
from openmm_mlff.report.benchmark_backend_figures import backend_figures
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
    statistic,
)
from openmm_mlff.report.benchmark_scaling_figures import scaling_figures
from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    INK,
    SINGLE_COLUMN_INCH,
    FigureRecord,
    drawing,
    panel_letters,
)

PANELS_A_ROW = 3
MEMORY = {
    "peak_resident_mebibytes": "Peak resident memory (MiB)",
    "peak_device_mebibytes": "Peak device memory (MiB)",
}
BASELINE = "baseline_resident_mebibytes"


def write_benchmark_figures(benchmark: Mapping[str, Any], *, folder: Path) -> list[FigureRecord]:
    """Write every figure of a benchmark for which there are data."""
    several = len(backends(entries(benchmark))) > 1
    # With several backends of one model, its speedup over itself is not informative.
    comparable = not several or len(distinct(entries(benchmark), key="model")) > 1
    quickest = {**benchmark, "entries": fastest(entries(benchmark))}
    drawn = (
        time_figure(quickest, path=folder / "time_per_step.png"),
        speedup_figure(quickest, path=folder / "speedup.png") if comparable else None,
        None if several else memory_figure(quickest, path=folder / "memory.png"),
    )
    own = [record for record in drawn if record is not None]
    more = backend_figures(benchmark, folder=folder)
    return own + more + scaling_figures(benchmark, folder=folder)


def time_figure(benchmark: Mapping[str, Any], *, path: Path) -> FigureRecord | None:
    """Draw the time per step with OpenMM, with ASE and of the model alone; None without timings."""
    panels = [
        (f"{system}, {platform}" if len(by_platform(entries(benchmark))) > 1 else system, found)
        for platform, on_platform in by_platform(entries(benchmark)).items()
        for system in distinct(on_platform, key="system")
        if any(_measured(found := _of_system(on_platform, system=system), key=key) for key in TIMES)
    ]
    if not panels:
        return None
    keys = [key for key in TIMES if _measured(entries(benchmark), key=key)]
    columns = min(PANELS_A_ROW, len(panels))
    rows = math.ceil(len(panels) / columns)
    with drawing(path, width_inch=DOUBLE_COLUMN_INCH, height_inch=0.4 + 2.1 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axes, (title, found) in zip(grid, panels, strict=False):
            _draw_times(axes, found, keys=keys)
            axes.set_title(title, loc="right", fontsize=7.0, pad=3.0)
        for axes in grid[len(panels) :]:
            axes.remove()
        for axes in grid[: len(panels) : columns]:
            axes.set_ylabel("Time (ms)")
        panel_letters(grid[: len(panels)])
        legend_of_figure(figure, [TIMES[key] for key in keys])
    by = " by each model's fastest backend" if backends(entries(benchmark)) else ""
    caption = (
        "Wall time of one step through OpenMM and through ASE, and of one evaluation of energy and "
        f"forces by the model alone{by}{_on_platforms(benchmark)}. Bars: medians; whiskers: "
        "quartiles."
    )
    return FigureRecord(path, "Time per step", caption, "", DOUBLE_COLUMN_INCH)


def speedup_figure(benchmark: Mapping[str, Any], *, path: Path) -> FigureRecord | None:
    """Draw the speedup of each model over the baseline; None where none was measured."""
    key = "speedup_over_original"
    panels = {
        platform: found
        for platform, found in by_platform(entries(benchmark)).items()
        if _measured(found, key=key)
    }
    if not panels:
        return None
    models = distinct(entries(benchmark), key="model")
    width_inch = SINGLE_COLUMN_INCH if len(panels) == 1 else DOUBLE_COLUMN_INCH
    with drawing(path, width_inch=width_inch, height_inch=2.4) as figure:
        grid = figure.subplots(1, len(panels), squeeze=False)[0].tolist()
        for axes, (platform, found) in zip(grid, panels.items(), strict=True):
            _draw_models(axes, found, models=models, key=key)
            axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
            axes.set_title(platform, loc="right", fontsize=7.0, pad=3.0)
        grid[0].set_ylabel("Speedup over original")
        _finish_models(grid, models=models)
    caption = (
        "Speed of an OpenMM step relative to that of the original model on the same system, by the "
        f"same backend{_on_platforms(benchmark)}. Bars: medians; whiskers: quartiles; dashed: "
        "equally fast."
    )
    return FigureRecord(path, "Speedup over the original", caption, "", width_inch)


def memory_figure(benchmark: Mapping[str, Any], *, path: Path) -> FigureRecord | None:
    """Draw the peak memory, resident and on the device; None where none was measured."""
    panels = [
        (platform, key, found)
        for platform, found in by_platform(entries(benchmark)).items()
        for key in MEMORY
        if _measured(found, key=key)
    ]
    if not panels:
        return None
    models = distinct(entries(benchmark), key="model")
    width_inch = SINGLE_COLUMN_INCH if len(panels) == 1 else DOUBLE_COLUMN_INCH
    with drawing(path, width_inch=width_inch, height_inch=2.4) as figure:
        grid = figure.subplots(1, len(panels), squeeze=False)[0].tolist()
        for axes, (platform, key, found) in zip(grid, panels, strict=True):
            _draw_models(axes, found, models=models, key=key)
            if key == "peak_resident_mebibytes":
                _draw_baseline(axes, found)
            axes.set_ylabel(MEMORY[key])
            axes.set_title(platform, loc="right", fontsize=7.0, pad=3.0)
        _finish_models(grid, models=models)
    baseline = (
        " Dotted: the process before the model was loaded."
        if _measured(entries(benchmark), key=BASELINE)
        else ""
    )
    caption = f"Peak memory of the process that ran the model{_on_platforms(benchmark)}.{baseline}"
    return FigureRecord(path, "Peak memory", caption, "", width_inch)


def _of_system(found: Sequence[Entry], *, system: str) -> list[Entry]:
    return [entry for entry in found if entry.get("system") == system]


def _measured(found: Sequence[Entry], *, key: str) -> bool:
    return any(statistic(entry, key=key) is not None for entry in found)


def _on_platforms(benchmark: Mapping[str, Any]) -> str:
    return f" ({'; '.join(by_platform(entries(benchmark)))})"


def _series(label: str, found: Sequence[Entry], *, key: str) -> BarSeries:
    return BarSeries(
        label,
        [statistic(entry, key=key) for entry in found],
        low=[statistic(entry, key=key, name="p25") for entry in found],
        high=[statistic(entry, key=key, name="p75") for entry in found],
    )


def _draw_times(axes: Axes, found: Sequence[Entry], *, keys: Sequence[str]) -> None:
    """Draw one system: one group per model, one bar per timing."""
    names = model_names(distinct(found, key="model"))
    series = [_series(TIMES[key], found, key=key) for key in keys]
    draw_bars(axes, series, groups=[names[str(entry.get("model"))] for entry in found])


def _draw_models(axes: Axes, found: Sequence[Entry], *, models: Sequence[str], key: str) -> None:
    """Draw one platform: one group per system, one bar per model."""
    systems = distinct(found, key="system")
    names = model_names(models)
    series = [
        _series(
            names[model],
            [find_entry(found, model=model, system=system) for system in systems],
            key=key,
        )
        for model in models
    ]
    draw_bars(axes, series, groups=systems)


def _draw_baseline(axes: Axes, found: Sequence[Entry]) -> None:
    """Mark the memory in use before the model was loaded."""
    levels = [level for entry in found if (level := statistic(entry, key=BASELINE)) is not None]
    if levels:
        middle = sorted(levels)[len(levels) // 2]
        axes.axhline(middle, color=INK, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=4)


def _finish_models(grid: Sequence[Axes], *, models: Sequence[str]) -> None:
    figure = grid[0].get_figure(root=True)
    if len(grid) > 1:
        panel_letters(grid)
    if figure is not None:
        legend_of_figure(figure, list(model_names(models).values()))
