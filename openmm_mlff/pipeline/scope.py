"""The scope of a verdict: what was run, not what was requested."""

from collections.abc import Mapping

from openmm_mlff.checks.dynamics.temperature import mean_temperature
from openmm_mlff.measuring.guard import guarded
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import MeasuredTemperature, Scope
from openmm_mlff.storage.runs import Evidence


def scope_of(observations: Mapping[str, Evidence], *, spec: ResolvedRequest) -> Scope:
    """Return the scope of a run, including the measured temperatures."""
    runs = [run for found in observations.values() for run in found.runs]
    elements = {symbol for found in observations.values() for symbol in found.system.symbols}
    platforms = sorted({run.platform for run in runs if run.platform})
    temperatures = tuple(sorted({run.condition.temperature_kelvin for run in runs}))
    return Scope(
        elements=tuple(sorted(elements)),
        systems=tuple(observations),
        temperatures_kelvin=temperatures,
        max_timestep_fs=max((run.condition.timestep_fs for run in runs), default=0.0),
        duration_ps=min((run.completed_ps for run in runs), default=0.0),
        platform=", ".join(platforms) or spec.platform,
        precision=spec.precision,
        measured_temperatures=tuple(
            measured
            for name, found in observations.items()
            for temperature in temperatures
            for measured in _measured(name, found, temperature_kelvin=temperature)
        ),
    )


def _measured(
    name: str, found: Evidence, *, temperature_kelvin: float
) -> tuple[MeasuredTemperature, ...]:
    """Return the measured temperature of a system; empty if it is not available."""
    mean = guarded(lambda: mean_temperature(found, temperature_kelvin=temperature_kelvin)).value
    if mean is None:
        return ()
    return (
        MeasuredTemperature(
            system=name,
            asked_kelvin=temperature_kelvin,
            mean_kelvin=mean.kelvin,
            interval_kelvin=mean.half_width_kelvin,
            runs=len(mean.runs_kelvin),
        ),
    )
