"""Dynamics in OpenMM: platforms, minimisation, equilibration, NVE; writes one run's folder."""

from openmm_mlff.simulation.barostat import add_barostat, keep_molecules_whole
from openmm_mlff.simulation.contexts import make_simulation, warm_up
from openmm_mlff.simulation.dynamics import run_trajectory
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.minimise import MinimumResult, minimise
from openmm_mlff.simulation.platforms import (
    PlatformChoice,
    available_platforms,
    choose_platform,
    named_platform,
)
from openmm_mlff.simulation.topology import openmm_topology

__all__ = [
    "MinimumResult",
    "PlatformChoice",
    "TrajectoryJob",
    "add_barostat",
    "available_platforms",
    "choose_platform",
    "keep_molecules_whole",
    "make_simulation",
    "minimise",
    "named_platform",
    "openmm_topology",
    "run_trajectory",
    "warm_up",
]
