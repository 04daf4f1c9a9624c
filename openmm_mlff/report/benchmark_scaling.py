"""Plots of scaling: time with the number of atoms, throughput with the number of replicas."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from openmm_mlff.plots import STYLES, Axis, Line, Mark, Panel, Plot
from openmm_mlff.report.benchmark_data import (
    Entry,
    distinct,
    entries,
    find_entry,
    model_names,
    statistic,
)

MS_PER_S = 1000.0
MOST_COLUMNS = 3

Curve = tuple[str, str, Sequence[float], Sequence[float]]
"""Model, backend, x values, y values."""


def atoms_plot(benchmark: Mapping[str, Any]) -> Plot | None:
    """Plot the time per step against the number of atoms; None where no model ran on two sizes."""
    found = list(benchmark.get("scaling") or ())
    if not found:
        return None
    curves = [
        (str(one["model"]), str(one["backend"]), one["n_atoms"], one["ms_per_step"])
        for one in found
    ]
    caption = (
        f"Wall time of one step through OpenMM ({'; '.join(distinct(found, key='platform'))}) "
        "against the number of atoms. Points: medians; both axes are logarithmic."
    )
    panel = _curve_panel(curves, "Atoms", "OpenMM step (ms)")
    return Plot("Scaling with atoms", [panel], caption, name="scaling", height_inch=2.5)


def replicas_plot(benchmark: Mapping[str, Any]) -> Plot | None:
    """Plot replica-steps per second against the number of replicas; None without replicas."""
    found = list(benchmark.get("replicas") or ())
    if not found:
        return None
    panels = []
    for system in distinct(found, key="system"):
        mine = [one for one in found if one["system"] == system]
        curves = _throughputs(mine, entries(benchmark))
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
    title, columns = "Throughput against replicas", min(MOST_COLUMNS, len(panels))
    return Plot(title, panels, caption, "replicas", columns, height_inch=2.5)


def _curve_panel(curves: Sequence[Curve], x_label: str, y_label: str) -> Panel:
    """Return curves whose colour is the model and whose style is the backend."""
    models = list(dict.fromkeys(model for model, *_ in curves))
    used = list(dict.fromkeys(backend for _, backend, *_ in curves))
    names = model_names(models)
    marks: list[Mark] = [
        Line(
            x,
            y,
            names[model] if len(used) == 1 else f"{names[model]}, {backend}",
            models.index(model),
            STYLES[used.index(backend) % len(STYLES)],
            markers=True,
        )
        for model, backend, x, y in curves
    ]
    ticks = tuple(sorted({float(value) for curve in curves for value in curve[2]}))
    return Panel(Axis(x_label, log=True, ticks=ticks), Axis(y_label, log=True), marks)


def _throughputs(replicas: Sequence[Entry], alone: Sequence[Entry]) -> list[Curve]:
    """Return the replica-steps per second of each model and backend on one system."""
    curves: list[Curve] = []
    for model, backend in dict.fromkeys((str(e["model"]), str(e["backend"])) for e in replicas):
        mine = [e for e in replicas if (e["model"], e["backend"]) == (model, backend)]
        one = find_entry(alone, model=model, system=str(mine[0]["system"]), backend=backend)
        times = {1: statistic(one, key="openmm_ms_per_step")}
        times |= {int(e["replicas"]): statistic(e, key="ms_per_replica_step") for e in mine}
        known = {count: time for count, time in sorted(times.items()) if time}
        curves.append((model, backend, list(known), [MS_PER_S / time for time in known.values()]))
    return curves
