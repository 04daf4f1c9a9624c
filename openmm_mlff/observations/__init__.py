"""From a run directory to what the checks see; the only place that imports MDTraj."""

from openmm_mlff.observations.loader import load_observations
from openmm_mlff.observations.model import (
    EnergySeries,
    MomentumSeries,
    Observations,
    ProbeObservations,
    RunCondition,
    RunFailure,
    RunObservations,
    TrajectorySeries,
)

__all__ = [
    "EnergySeries",
    "MomentumSeries",
    "Observations",
    "ProbeObservations",
    "RunCondition",
    "RunFailure",
    "RunObservations",
    "TrajectorySeries",
    "load_observations",
]
