"""Names of the stages that run simulations; they contain the timestep."""

import re
from collections.abc import Callable

Progress = Callable[[str, str, int, int], None]
"""Called with system, stage, done and total."""

FINISHED = "finished"
"""The last one of every system."""


def trajectory_stage(*, temperature_kelvin: float, timestep_fs: float) -> str:
    """Return the name of the stage of one trajectory."""
    return f"NVE {temperature_kelvin:g} K, {timestep_fs:g} fs"


def replicas_stage(*, count: int, timestep_fs: float) -> str:
    """Return the name of the stage of several trajectories in one Context."""
    return f"NVE, {count} replicas, {timestep_fs:g} fs"


def short_runs_stage(*, count: int, timestep_fs: float) -> str:
    """Return the name of the stage of short simulations from Langevin samples."""
    return f"NVE, {count} short runs, {timestep_fs:g} fs"


def stage_timestep_fs(stage: str) -> float | None:
    """Return the timestep in a stage's name; None where it runs no simulation."""
    found = re.fullmatch(r"NVE.* (\S+) fs", stage)
    return float(found.group(1)) if found else None
