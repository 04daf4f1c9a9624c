"""Figures that compare the backends of models: time and speedup over the plain export."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from openmm_mlff.report.bars import BarSeries, draw_bars, legend_of_figure
from openmm_mlff.report.benchmark_data import (
    Entry,
    backends,
    by_platform,
    distinct,
    entries,
    find_entry,
    model_names,
    ratio_of,
    statistic,
)
from openmm_mlff.report.canvas import (
    DOUBLE_COLUMN_INCH,
    INK,
    FigureRecord,
    drawing,
    panel_letters,
)

PANELS_A_ROW = 3
PLAIN = "torchforce-plain"

Read = Callable[[Entry], tuple[float | None, float | None, float | None]]
"""Map an entry to the height of its bar and the ends of its error bar."""


def backend_figures(benchmark: Mapping[str, Any], *, folder: Path) -> list[FigureRecord]:
    """Write `backends.png`, `plain_speedup.png` and `memory.png`; none for a single backend."""
    found = entries(benchmark)
    if len(backends(found)) < 2:
        return []
    where = "; ".join(by_platform(found))
    records = [
        _backend_figure(
            found,
            read=_step_time,
            label="OpenMM step (ms)",
            record=FigureRecord(
                folder / "backends.png",
                "Time per step by backend",
                f"Wall time of one step through OpenMM by model and backend ({where}). "
                "Bars: medians; whiskers: quartiles.",
                "",
                DOUBLE_COLUMN_INCH,
            ),
        ),
        _backend_figure(
            [entry for entry in found if entry.get("backend") != PLAIN],
            read=_plain_speedup,
            label="Speedup over plain export",
            baseline=1.0,
            record=FigureRecord(
                folder / "plain_speedup.png",
                "Speedup over the plain export",
                "Speed of an OpenMM step relative to that of the same model as plain TorchScript "
                f"through autograd ({where}). Bars: medians of the ratios within a round; "
                "whiskers: 95 % intervals of the medians; dashed: equally fast.",
                "",
                DOUBLE_COLUMN_INCH,
            ),
        ),
        *(
            _backend_figure(
                found,
                read=reader,
                label=label,
                record=FigureRecord(
                    folder / name,
                    title,
                    f"{title} of the process that ran the model ({where}).",
                    "",
                    DOUBLE_COLUMN_INCH,
                ),
            )
            for name, title, label, reader in (
                ("memory.png", "Peak resident memory", "Resident memory (MiB)", _resident),
                ("device_memory.png", "Peak device memory", "Device memory (MiB)", _device),
            )
        ),
    ]
    return [record for record in records if record is not None]


def _step_time(entry: Entry) -> tuple[float | None, float | None, float | None]:
    median, low, high = (
        statistic(entry, key="openmm_ms_per_step", name=name) for name in ("median", "p25", "p75")
    )
    return median, low, high


def _plain_speedup(entry: Entry) -> tuple[float | None, float | None, float | None]:
    found = ratio_of(entry, key="plain_over_step")
    return found.get("median"), found.get("low"), found.get("high")


def _resident(entry: Entry) -> tuple[float | None, float | None, float | None]:
    return statistic(entry, key="peak_resident_mebibytes"), None, None


def _device(entry: Entry) -> tuple[float | None, float | None, float | None]:
    return statistic(entry, key="peak_device_mebibytes"), None, None


def _panels(found: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the entries of each system and platform."""
    platforms = by_platform(found)
    for platform, on_platform in platforms.items():
        for system in distinct(on_platform, key="system"):
            title = f"{system}, {platform}" if len(platforms) > 1 else system
            yield title, [entry for entry in on_platform if entry.get("system") == system]


def _backend_figure(
    found: Sequence[Entry],
    *,
    read: Read,
    label: str,
    record: FigureRecord,
    baseline: float | None = None,
) -> FigureRecord | None:
    """Draw one panel per system, one group per model and one bar per backend."""
    panels = [
        (title, panel)
        for title, panel in _panels(found)
        if any(read(entry)[0] is not None for entry in panel)
    ]
    if not panels:
        return None
    shown = backends([entry for entry in found if read(entry)[0] is not None])
    columns = min(PANELS_A_ROW, len(panels))
    rows = math.ceil(len(panels) / columns)
    height_inch = 0.4 + 2.1 * rows
    with drawing(record.path, width_inch=record.width_inch, height_inch=height_inch) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axes, (title, panel) in zip(grid, panels, strict=False):
            _draw(axes, panel, shown=shown, read=read)
            axes.set_title(title, loc="right", fontsize=7.0, pad=3.0)
            if baseline is not None:
                axes.axhline(baseline, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
        for axes in grid[len(panels) :]:
            axes.remove()
        for axes in grid[: len(panels) : columns]:
            axes.set_ylabel(label)
        if len(panels) > 1:
            panel_letters(grid[: len(panels)])
        legend_of_figure(figure, shown)
    return record


def _draw(axes: Axes, panel: Sequence[Entry], *, shown: Sequence[str], read: Read) -> None:
    models = distinct(panel, key="model")
    names = model_names(models)
    series = []
    for backend in shown:
        values = [
            read(
                find_entry(panel, model=model, system=str(panel[0].get("system")), backend=backend)
            )
            for model in models
        ]
        heights, low, high = zip(*values, strict=True)
        series.append(BarSeries(backend, heights, low=low, high=high))
    draw_bars(axes, series, groups=[names[model] for model in models])
