"""Time and memory limits of a worker."""

import math
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from openmm_mlff.errors import ConfigError

BYTES_PER_GIB = 2**30
DEFAULT_TIME_LIMIT_S = 3600.0
"""Longer than any single stage of a slow potential was observed to take."""

DEFAULT_SHARE_OF_MEMORY = 0.8
SWITCH = "OPENMM_MLFF_SANDBOX"
"""Environment variable: 0 makes validations run in the calling process by default."""

_ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri", "/dev/dxg")
_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits beyond which a worker is killed.

    Attributes:
        time_limit_s: longest time without progress.
        total_time_limit_s: longest time of all stages together; None for no limit.
        memory_limit_gib: largest resident memory.
        memory_is_shared: whether all concurrent workers share `memory_limit_gib`.

    Raises:
        ConfigError: a limit is not a finite number above 0.
    """

    time_limit_s: float
    memory_limit_gib: float
    total_time_limit_s: float | None = None
    memory_is_shared: bool = False

    def __post_init__(self) -> None:
        for name in ("time_limit_s", "memory_limit_gib", "total_time_limit_s"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"{name} is {value!r}; expected a number above 0")

    def for_one_of(self, n_workers: int) -> "Limits":
        """Return the limits of each of `n_workers` concurrent workers."""
        if not self.memory_is_shared:
            return self
        return replace(self, memory_limit_gib=self.memory_limit_gib / n_workers)

    @property
    def memory_limit_bytes(self) -> int:
        """Limit of resident memory."""
        return int(self.memory_limit_gib * BYTES_PER_GIB)


def isolation_limits(
    *,
    sandbox: bool | None = None,
    time_limit_s: float | None = None,
    memory_limit_gib: float | None = None,
    total_time_limit_s: float | None = None,
) -> Limits | None:
    """Return the limits of the worker processes, or None to run in this process.

    Args:
        sandbox: whether to use workers; None uses them where they are available.
        time_limit_s: None for one hour without progress.
        memory_limit_gib: of each worker; None for 80 % of the memory of the machine or container,
            shared by all workers.
        total_time_limit_s: None for no limit.

    Raises:
        ConfigError: workers are unavailable here, or limits were given without workers.
    """
    if not (sandbox if sandbox is not None else is_default()):
        if (time_limit_s, memory_limit_gib, total_time_limit_s) != (None, None, None):
            raise ConfigError(
                "a time or memory limit was given without the sandbox; use both or neither: a "
                "limit can only be enforced on a separate process"
            )
        return None
    if not is_available():
        raise ConfigError(
            "the sandbox was requested, but it is available on Linux only; leave it out, or add "
            "--no-sandbox"
        )
    shared_gib = DEFAULT_SHARE_OF_MEMORY * _memory_bytes() / BYTES_PER_GIB
    return Limits(
        time_limit_s=DEFAULT_TIME_LIMIT_S if time_limit_s is None else time_limit_s,
        memory_limit_gib=shared_gib if memory_limit_gib is None else memory_limit_gib,
        total_time_limit_s=total_time_limit_s,
        memory_is_shared=memory_limit_gib is None,
    )


def has_accelerator() -> bool:
    """Check for a device that OpenMM or torch may compute on."""
    return any(Path(device).exists() for device in _ACCELERATORS)


def is_available() -> bool:
    """Check for Linux and an interpreter that can be started."""
    return sys.platform == "linux" and bool(sys.executable)


def is_default() -> bool:
    """Check whether validations run in a worker by default."""
    return is_available() and os.environ.get(SWITCH, "1") != "0"


def _memory_bytes() -> int:
    """Return the memory of the machine or the container, whichever is less."""
    sizes = [int(psutil.virtual_memory().total)]
    for path in _GROUP_LIMITS:
        try:
            sizes.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return min(sizes)
