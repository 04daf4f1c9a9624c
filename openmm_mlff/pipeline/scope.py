"""The scope of a verdict: what was run, not what was requested."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from openmm_mlff.pipeline.timesteps import TooLong
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import CheckResult, MeasuredTemperature, Scope
from openmm_mlff.storage.runs import Evidence


def scope_of(
    observations: Mapping[str, Evidence],
    *,
    temperatures: Sequence[CheckResult],
    too_long: Mapping[str, Sequence[TooLong]],
    spec: ResolvedRequest,
) -> Scope:
    """Return the scope of a run.

    `temperatures` are the results of the check `temperature`; `too_long` are conditions by system
    at which the timestep was to blame: that timestep and longer ones are left out, on all systems.
    """
    blamed = [(name, one) for name, found in too_long.items() for one in found]
    shortest_fs = min((one.timestep_fs for _, one in blamed), default=math.inf)
    runs = [
        run
        for found in observations.values()
        for run in found.runs
        if run.condition.timestep_fs < shortest_fs
    ]
    elements = {symbol for found in observations.values() for symbol in found.system.symbols}
    cells = [found.system.cell_angstrom for found in observations.values()]
    platforms = sorted({run.platform for run in runs if run.platform})
    return Scope(
        elements=tuple(sorted(elements)),
        systems=tuple(observations),
        temperatures_kelvin=tuple(sorted({run.condition.temperature_kelvin for run in runs})),
        max_timestep_fs=max((run.condition.timestep_fs for run in runs), default=0.0),
        duration_ps=min((run.completed_ps for run in runs), default=0.0),
        platform=", ".join(platforms) or spec.platform,
        precision=spec.precision,
        measured_temperatures=_measured(temperatures),
        boxes=tuple(sorted({_shape(cell) for cell in cells if cell is not None})),
        too_long_timesteps=tuple(
            f"{name} at {one.temperature_kelvin:g} K, {one.timestep_fs:g} fs"
            for name, one in blamed
        ),
    )


def _shape(cell_angstrom: np.ndarray) -> str:
    is_diagonal = np.allclose(cell_angstrom, np.diag(np.diag(cell_angstrom)), rtol=0.0, atol=1e-6)
    return "rectangular" if is_diagonal else "skewed"


def _measured(results: Sequence[CheckResult]) -> tuple[MeasuredTemperature, ...]:
    """Return the mean temperatures; of several timesteps, that farthest from the requested one."""
    farthest: dict[tuple[str, float], CheckResult] = {}
    for result in results:
        # A check of the same name by a plugin may not measure it.
        if result.value is not None and "mean_kelvin" in result.evidence:
            key = result.system, result.condition["temperature_kelvin"]
            farthest[key] = max(farthest.get(key, result), result, key=lambda one: one.value or 0.0)
    return tuple(
        MeasuredTemperature(
            system=system,
            asked_kelvin=asked_kelvin,
            mean_kelvin=result.evidence["mean_kelvin"],
            interval_kelvin=result.evidence["half_width_kelvin"],
            runs=len(result.evidence["runs_kelvin"]),
        )
        for (system, asked_kelvin), result in farthest.items()
    )
