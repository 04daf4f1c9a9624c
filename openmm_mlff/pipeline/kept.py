"""What is found once and kept: the platform, and the minimum everything starts from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.rundir import read_json, write_json
from openmm_mlff.simulation.minimise import MinimumResult
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform

PLATFORM_FILE = "platform.json"
MINIMUM_FILE = "minimum.json"


def kept_platform(folder: Path, choose: Callable[[], PlatformChoice]) -> PlatformChoice:
    """Choose a platform, or take the one that was chosen before: `auto` goes by the clock.

    Args:
        folder: of the system.
        choose: called where nothing is kept.

    Returns:
        The choice.

    Raises:
        RunDirectoryError: what is kept is damaged.
    """
    path = folder / PLATFORM_FILE
    if path.exists():
        table = _table(path, keys=("name", "precision", "reason"))
        there = named_platform(table["name"], precision=table["precision"])
        return PlatformChoice(there.name, there.properties, table["reason"])
    choice = choose()
    write_json(path, {"name": choice.name, "precision": choice.precision, "reason": choice.reason})
    return choice


def kept_minimum(folder: Path, find: Callable[[], MinimumResult]) -> MinimumResult:
    """Find the minimum, or take the one that was found before, to the last bit.

    Args:
        folder: of the system.
        find: called where nothing is kept.

    Returns:
        Where minimisation ended.

    Raises:
        RunDirectoryError: what is kept is damaged.
    """
    path = folder / MINIMUM_FILE
    if not path.exists():
        found = find()
        write_json(path, {name: getattr(found, name) for name in _MINIMUM_KEYS})
        return found
    table = _table(path, keys=_MINIMUM_KEYS)
    positions = np.array(table["positions_angstrom"], dtype=np.float64)
    return MinimumResult(**(table | {"positions_angstrom": positions}))


_MINIMUM_KEYS = (
    "positions_angstrom",
    "energy_ev",
    "largest_force_ev_per_angstrom",
    "converged",
)


def _table(path: Path, *, keys: tuple[str, ...]) -> dict[str, Any]:
    """Read a table that holds these keys and no others."""
    table = read_json(path)
    if not isinstance(table, dict) or set(table) != set(keys):
        raise RunDirectoryError(
            f"{path} does not hold {', '.join(keys)}; delete it, and it is found again"
        )
    return table
