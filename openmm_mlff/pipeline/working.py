"""The worker side of a validation: execute the parent's commands."""

import os
import time
import traceback
import warnings
from dataclasses import replace
from typing import Any

from openmm_mlff.errors import UserError
from openmm_mlff.isolation import Channel
from openmm_mlff.measuring.journal import journal_from_json
from openmm_mlff.pipeline.commands import (
    FAILED,
    PREPARE,
    PREPARED,
    PRODUCED,
    PROGRESS,
    READY,
    REFUSED,
)
from openmm_mlff.pipeline.preparing import Plan, prepare
from openmm_mlff.pipeline.producing import produce_system, restrict
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.run_directory import RunDirectory

SHORTEST_S = 0.05  # between two progress reports of one stage


def serve(channel: Channel) -> None:
    """Execute the parent's commands until it closes the channel."""
    # Third-party warnings would only clutter the output shown after a crash.
    warnings.filterwarnings("ignore")
    channel.send(READY)
    plan: Plan | None = None
    for command in channel.commands():
        try:
            if command["command"] == PREPARE:
                plan = _prepare(command, channel)
            elif plan is not None:
                channel.send(PRODUCED, platform=_produce(plan, command, channel))
        except UserError as error:
            trace = traceback.format_exc()
            channel.send(REFUSED, kind=type(error).__name__, message=str(error), traceback=trace)
        # An exception outside of every stage ends the validation.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            channel.send(FAILED, message=reason, traceback=traceback.format_exc())


def _prepare(command: dict[str, Any], channel: Channel) -> Plan:
    """Load the request in the user's folder, then change to the worker's own folder."""
    plan = prepare(ValidationRequest.model_validate(command["request"]), joins=command["joins"])
    # Calculators that use files of fixed names must not share a folder with other workers.
    root = plan.directory.root
    absolute = replace(plan, directory=RunDirectory(root.absolute()), lock=None)
    os.chdir(command["folder"])
    # From here on the parent holds the lock of the run folder.
    if plan.lock is not None:
        plan.lock.release()
    channel.send(
        PREPARED,
        root=str(root),
        systems=list(plan.molecules),
        n_atoms={name: one.n_atoms for name, one in plan.molecules.items()},
        sha256=plan.potential.sha256,
    )
    return absolute


def _produce(plan: Plan, command: dict[str, Any], channel: Channel) -> str:
    """Run one system; return the name of its platform."""
    plan = restrict(plan, command["wanted"])
    journal = journal_from_json(
        command["history"], tell=lambda event, key: channel.send(event, key=key)
    )
    return produce_system(plan, command["system"], on_progress=_Throttle(channel), journal=journal)


class _Throttle:
    """Progress callback that limits the rate of reports."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._last: tuple[str, str] = ("", "")
        self._told_s = 0.0

    def __call__(self, system: str, stage: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        same = (system, stage) == self._last
        if same and 0 < done < total and now_s - self._told_s < SHORTEST_S:
            return
        self._last, self._told_s = (system, stage), now_s
        self._channel.send(PROGRESS, at=(system, stage, done, total))
