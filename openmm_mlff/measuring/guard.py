"""The one place where any exception is caught: a broken stage is data, not a broken run."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from openmm_mlff.files import storage_failure

T = TypeVar("T")


@dataclass(frozen=True)
class Broken:
    """Why a stage broke, in one line, with the traceback."""

    reason: str
    traceback: str


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The value of a stage, or what broke in it."""

    value: T | None = None
    broken: Broken | None = None


def guarded(stage: Callable[[], T]) -> Outcome[T]:
    """Run one stage; interrupts and full disks raise, any other exception is kept.

    Args:
        stage: called without arguments.

    Returns:
        Its value, or what broke.

    Raises:
        Exception: the disk takes no more.
        SystemExit: likewise.
    """
    try:
        return Outcome(value=stage())
    # A crash is an ERROR in the report, never a bad score; and a potential that leaves the process
    # must not take the exit code of an approval with it.
    except (Exception, SystemExit) as error:
        if storage_failure(error) is not None:
            raise
        said = "it asked to leave the process: " if isinstance(error, SystemExit) else ""
        reason = " ".join(f"{said}{type(error).__name__}: {error}".split())
        return Outcome(broken=Broken(reason, traceback.format_exc()))
