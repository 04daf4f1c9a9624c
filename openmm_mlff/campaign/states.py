"""States of the runs of a campaign, read from the records of the workers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.campaign.store import DONE, Attempt, Store
from openmm_mlff.results import VerdictStatus

WAITING = "waiting"
BEGUN = "begun"
UNUSABLE = "unusable"


@dataclass(frozen=True)
class CellState:
    """State of one run of a campaign.

    Attributes:
        model: label.
        system: name or file.
        condition: temperatures and timesteps.
        seed: of velocities and distortions.
        state: ``waiting``, ``begun``, ``done``, ``failed``, ``lost`` or ``unusable``.
        verdict: None unless done.
        label: printed form of the verdict; empty unless done.
        message: the first reason of the verdict, or why there is no verdict.
        attempts: in order of time.
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
    attempts: tuple[Attempt, ...] = ()

    @property
    def has_failed(self) -> bool:
        """Whether it ended without a verdict."""
        return self.state not in (DONE, WAITING, BEGUN)

    @property
    def word(self) -> str:
        """The verdict, or the state."""
        return self.verdict.value if self.verdict else self.state

    def silent_seconds(self) -> float:
        """Return the seconds since the last record of its last worker."""
        return time.time() - self.attempts[-1].seen if self.attempts else 0.0

    def row(self) -> dict[str, Any]:
        """Return JSON-compatible data."""
        return {key: value for key, value in vars(self).items() if key != "attempts"}


def read_states(store: Store) -> list[CellState]:
    """Read the states of all cells of a campaign, in the order in which they are run."""
    return states_of(store.read_campaign()["cells"], store)


def states_of(rows: Sequence[Mapping[str, Any]], store: Store) -> list[CellState]:
    """Read the states of rows, whether or not the campaign was started.

    Rows are those of :meth:`openmm_mlff.campaign.plan.Cell.row`.
    """
    return [_state(row, store) for row in rows]


def overall(states: Sequence[CellState]) -> VerdictStatus:
    """Return REJECTED if any run is, APPROVED if every run is, else INCONCLUSIVE."""
    verdicts = {state.verdict for state in states}
    if VerdictStatus.REJECTED in verdicts:
        return VerdictStatus.REJECTED
    if verdicts == {VerdictStatus.APPROVED}:
        return VerdictStatus.APPROVED
    return VerdictStatus.INCONCLUSIVE


def overall_label(states: Sequence[CellState]) -> str:
    """Return the label that all runs share, otherwise the status.

    If all runs are approved, all their labels are included, because these state the limits.
    """
    verdict = overall(states)
    labels = dict.fromkeys(one.label for one in states if one.verdict is verdict)
    if verdict is VerdictStatus.APPROVED or len(labels) == len(states) == 1:
        return "; ".join(labels)
    return verdict.value


def _state(row: Mapping[str, Any], store: Store) -> CellState:
    """Return the state of a row from the files at its address."""
    known = {key: row[key] for key in ("address", "model", "system", "condition", "seed")}
    if row["problem"]:
        return CellState(**known, state=UNUSABLE, message=row["problem"])
    result = store.result(row["address"]) or {}
    known["attempts"] = attempts = tuple(store.attempts(row["address"]))
    if result.get("status") == DONE:
        verdict = VerdictStatus(result["verdict"])
        message = "" if verdict is VerdictStatus.APPROVED else next(iter(result["reasons"]), "")
        return CellState(
            **known, state=DONE, verdict=verdict, label=result["label"], message=message
        )
    if attempts and attempts[-1].started > result.get("finished", 0.0):
        return CellState(**known, state=BEGUN, message=attempts[-1].stage)
    if result:
        return CellState(**known, state=result["status"], message=result["message"])
    return CellState(**known, state=WAITING)
