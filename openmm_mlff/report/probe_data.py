"""Arrays of probes as figures need them; what is missing or damaged is not drawn."""

from collections.abc import Mapping

import numpy as np

from openmm_mlff.checks.inputs import probe_array
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations import Observations, ProbeObservations


def done_probe(observations: Observations, *, name: str) -> ProbeObservations | None:
    """Look a probe up that was done.

    Args:
        observations: where to look.
        name: of the probe.

    Returns:
        The probe; None where it was not run, was skipped or broke.
    """
    probe = observations.probes.get(name)
    return probe if probe is not None and probe.status == "done" else None


def probe_columns(
    probe: ProbeObservations, *, shapes: Mapping[str, tuple[int | None, ...]]
) -> list[np.ndarray] | None:
    """Give arrays of a probe, infinite numbers turned to NaN.

    Args:
        probe: that was done.
        shapes: expected, by name; None for an axis of any length but zero.

    Returns:
        The arrays in that order; None where one is missing or of another shape.
    """
    try:
        arrays = [probe_array(probe, name=name, shape=shape) for name, shape in shapes.items()]
    except RunDirectoryError:
        return None
    return [np.where(np.isfinite(array), array, np.nan) for array in arrays]
