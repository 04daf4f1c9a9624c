"""OpenMM reporters, also for use in scripts.

Append them to ``simulation.reporters``; reporters due at the same step share one State.
"""

from openmm_mlff.reporters.box import BOX_COLUMNS, BoxReporter, pressure_bar
from openmm_mlff.reporters.energy import (
    CONSERVATION_COLUMNS,
    ConservationReporter,
    EnergyReporter,
)
from openmm_mlff.reporters.momentum import MomentumReporter
from openmm_mlff.reporters.monitor import StabilityLimits
from openmm_mlff.reporters.stability import StabilityReporter, UnstableError
from openmm_mlff.reporters.trajectory import TrajectoryReporter

__all__ = [
    "BOX_COLUMNS",
    "CONSERVATION_COLUMNS",
    "BoxReporter",
    "ConservationReporter",
    "EnergyReporter",
    "MomentumReporter",
    "StabilityLimits",
    "StabilityReporter",
    "TrajectoryReporter",
    "UnstableError",
    "pressure_bar",
]
