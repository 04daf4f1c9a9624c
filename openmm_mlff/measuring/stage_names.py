"""Names of the stages that run simulations; they contain the timestep."""

import re
from collections.abc import Callable

Progress = Callable[[str, str, int, int], None]
"""Called with system, stage, done and total."""

FINISHED = "finished"  # the last one of every system


def nve_stage(runs: str, *, timestep_fs: float) -> str:
    """Return the name of a stage, e.g. ``NVE, 300 K, 0.5 fs`` or ``NVE, 8 replicas, 0.5 fs``."""
    return f"NVE, {runs}, {timestep_fs:g} fs"


def stage_timestep_fs(stage: str) -> float | None:
    """Return the timestep in a stage's name; None where it runs no simulation."""
    found = re.fullmatch(r"NVE.* (\S+) fs", stage)
    return float(found.group(1)) if found else None
