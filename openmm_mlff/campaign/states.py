"""How far every run of a campaign is, read from what the workers left."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from openmm_mlff.campaign.store import DONE, Attempt, Store
from openmm_mlff.results import VerdictStatus

WAITING = "waiting"
BEGUN = "begun"
UNUSABLE = "unusable"


@dataclass(frozen=True)
class CellState:
    """One run of a campaign, and how far it is.

    Attributes:
        address: of its content.
        model: label.
        system: name or file.
        condition: temperatures and timesteps.
        seed: of velocities and distortions.
        state: ``waiting``, ``begun``, ``done``, ``failed``, ``lost`` or ``unusable``.
        verdict: None unless done.
        label: of the verdict, in the words to print; empty unless done.
        message: the verdict's first reason, or why there is no verdict.
        result: all of `result.json`.
        attempts: who took it up, in order of time.
    """

    address: str
    model: str
    system: str
    condition: str
    seed: int
    state: str
    verdict: VerdictStatus | None = None
    label: str = ""
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()

    @property
    def has_failed(self) -> bool:
        """Whether it ended without a verdict."""
        return self.state not in (DONE, WAITING, BEGUN)

    def silent_seconds(self) -> float:
        """Seconds since its last worker was last heard of."""
        return time.time() - self.attempts[-1].seen if self.attempts else 0.0


def read_states(store: Store) -> list[CellState]:
    """Read how far every run of a campaign is.

    Args:
        store: of the campaign.

    Returns:
        One state a cell, in the order in which they are run.
    """
    return states_of(store.read_campaign()["cells"], store)


def states_of(rows: Sequence[dict[str, Any]], store: Store) -> list[CellState]:
    """Read how far some runs are, whether or not the campaign was started.

    Args:
        rows: of :meth:`openmm_mlff.campaign.plan.Cell.row`.
        store: of the campaign.

    Returns:
        One state a row.
    """
    return [_state(row, store) for row in rows]


def overall(states: Sequence[CellState]) -> VerdictStatus:
    """Return the worst verdict of all; what was not judged is not approved.

    Args:
        states: of the campaign.

    Returns:
        REJECTED where any run is, APPROVED where every run is, else INCONCLUSIVE.
    """
    verdicts = {state.verdict for state in states}
    if VerdictStatus.REJECTED in verdicts:
        return VerdictStatus.REJECTED
    if verdicts == {VerdictStatus.APPROVED}:
        return VerdictStatus.APPROVED
    return VerdictStatus.INCONCLUSIVE


def overall_label(states: Sequence[CellState]) -> str:
    """Return the worst verdict in the words to print: an approval with the limits of each run.

    Args:
        states: of the campaign.

    Returns:
        The label that all runs share; else the status, or, of approved runs, all their labels.
    """
    verdict = overall(states)
    labels = dict.fromkeys(one.label for one in states if one.verdict is verdict)
    if verdict is VerdictStatus.APPROVED or len(labels) == len(states) == 1:
        return "; ".join(labels)
    return verdict.value


def _state(row: dict[str, Any], store: Store) -> CellState:
    """Join a row of the campaign with what is in the folder of its address."""
    known = {key: row[key] for key in ("address", "model", "system", "condition", "seed")}
    if row["problem"]:
        return CellState(**known, state=UNUSABLE, message=row["problem"])
    result = store.result(row["address"]) or {}
    attempts = tuple(store.attempts(row["address"]))
    if result.get("status") == DONE:
        verdict = VerdictStatus(result["verdict"])
        message = "" if verdict is VerdictStatus.APPROVED else next(iter(result["reasons"]), "")
        return CellState(
            **known,
            state=DONE,
            verdict=verdict,
            label=result["label"],
            message=message,
            result=result,
            attempts=attempts,
        )
    if attempts and attempts[-1].started > result.get("finished", 0.0):
        return CellState(**known, state=BEGUN, message=attempts[-1].stage, attempts=attempts)
    if result:
        return CellState(
            **known,
            state=result["status"],
            message=result["message"],
            result=result,
            attempts=attempts,
        )
    return CellState(**known, state=WAITING)
