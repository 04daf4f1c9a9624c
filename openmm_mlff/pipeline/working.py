"""The worker's side of a validation in a process of its own: what it does when it is told to."""

import os
import sys
import time
import traceback
import warnings
from typing import Any

from openmm_mlff.errors import UserError
from openmm_mlff.isolation.channel import Channel
from openmm_mlff.pipeline.guard import Broken
from openmm_mlff.pipeline.journal import Journal
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.producing import produce_system
from openmm_mlff.pipeline.request import ValidationRequest

ENTRY = f"{__name__}:serve"

PREPARE, SHARE, PRODUCE = "prepare", "share", "produce"
READY, PREPARED, PRODUCED = "ready", "prepared", "produced"
REFUSED, FAILED = "refused", "failed"
PROGRESS = "progress"

SHORTEST_S = 0.05
"""Between two reports of progress of one stage."""


def serve(channel: Channel) -> None:
    """Do what is asked, until there is no more.

    Args:
        channel: to the process that asks.
    """
    commands = channel.commands()
    _settle_in(next(commands))
    channel.send(READY)
    plan: Plan | None = None
    for command in commands:
        try:
            if command["command"] == PREPARE:
                plan = ValidationRequest.model_validate(command["request"]).prepare()
                channel.send(
                    PREPARED,
                    root=str(plan.directory.root),
                    systems=list(plan.molecules),
                    n_atoms={name: one.n_atoms for name, one in plan.molecules.items()},
                    sha256=plan.potential.sha256,
                )
            elif plan is not None and command["command"] == SHARE:
                if plan.lock is not None:
                    plan.lock.share()
            elif plan is not None:
                channel.send(PRODUCED, platform=_produce(plan, command, channel))
        except UserError as error:
            trace = traceback.format_exc()
            channel.send(REFUSED, kind=type(error).__name__, message=str(error), traceback=trace)
        # What breaks outside of every stage ends the validation, and is told there.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            channel.send(FAILED, message=reason, traceback=traceback.format_exc())


def _settle_in(place: dict[str, Any]) -> None:
    """Take over folder, import path and environment of the process that asks."""
    os.chdir(place["folder"])
    sys.path[:] = place["path"]
    os.environ.clear()
    os.environ.update(place["environment"])
    # Third-party warnings would only be kept to be shown after a crash.
    warnings.filterwarnings("ignore")


def _produce(plan: Plan, command: dict[str, Any], channel: Channel) -> str:
    broken = {key: Broken(*value) for key, value in command["broken"].items()}
    journal = Journal(
        settled=frozenset(command["settled"]),
        broken=broken,
        rest=Broken(*command["rest"]) if command["rest"] else None,
        tell=lambda event, key: channel.send(event, key=key),
    )
    return produce_system(plan, command["system"], on_progress=_Throttle(channel), journal=journal)


class _Throttle:
    """Passes progress on, but not more often than anybody can see."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last: tuple[str, str] = ("", "")
        self._told_s = 0.0

    def __call__(self, system: str, stage: str, done: int, total: int) -> None:
        """Tell how far a stage is."""
        now_s = time.monotonic()
        same = (system, stage) == self._last
        if same and 0 < done < total and now_s - self._told_s < SHORTEST_S:
            return
        self._last, self._told_s = (system, stage), now_s
        self._channel.send(PROGRESS, system=system, stage=stage, done=done, total=total)
