"""The only place where any exception is caught: a failed stage is data and does not end a run."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from openmm_mlff.storage.files import storage_failure

T = TypeVar("T")


@dataclass(frozen=True)
class Broken:
    """Why a stage failed, in one line, with the traceback."""

    reason: str
    traceback: str


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The value of a stage, or why it failed."""

    value: T | None = None
    broken: Broken | None = None


def guarded(stage: Callable[[], T]) -> Outcome[T]:
    """Run one stage and keep its exception; interrupts and full disks raise."""
    try:
        return Outcome(value=stage())
    # A failure of code is an ERROR in the report; and a potential that calls sys.exit(0) must not
    # end the process with the exit code of an approval.
    except (Exception, SystemExit) as error:
        if storage_failure(error) is not None:
            raise
        said = "it tried to exit the process: " if isinstance(error, SystemExit) else ""
        reason = " ".join(f"{said}{type(error).__name__}: {error}".split())
        return Outcome(broken=Broken(reason, traceback.format_exc()))
