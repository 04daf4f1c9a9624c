"""Leaderboard, accuracy against speed, and verdict matrix from the states of all runs."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openmm_mlff.campaign.states import BEGUN, WAITING, CellState
from openmm_mlff.campaign.store import DONE
from openmm_mlff.results import VerdictStatus

FORCE, ENERGY, DRIFT, SPEED = "force_accuracy", "energy_accuracy", "energy_drift", "speed"
MOST_FAILED_CHECKS = 3


@dataclass(frozen=True)
class Standing:
    """All runs of one model.

    Attributes:
        n_parameters: None where it has no meaning, or nothing has run.
        verdicts: number of runs by verdict.
        n_failed: runs that ended without a verdict.
        n_open: runs that are waiting or running.
        force_ev_per_angstrom: median of `force_accuracy`.
        energy_mev_per_atom: median of `energy_accuracy`.
        drift_mev_per_atom_per_ps: maximum of `energy_drift`.
        ms_per_step: median of `speed`.
        failed_checks: required checks that failed most often, with their counts.
    """

    model: str
    n_parameters: int | None
    n_cells: int
    verdicts: dict[VerdictStatus, int]
    n_failed: int
    n_open: int
    force_ev_per_angstrom: float | None
    energy_mev_per_atom: float | None
    drift_mev_per_atom_per_ps: float | None
    ms_per_step: float | None
    failed_checks: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class SpeedPoint:
    """Speed and accuracy of a model on one system, medians over its runs."""

    model: str
    system: str
    ms_per_step: float
    force_ev_per_angstrom: float


@dataclass(frozen=True)
class MatrixCell:
    """All seeds of one model on one system under one condition.

    Attributes:
        word: the most severe verdict, or the progress.
        kind: ``approved``, ``rejected``, ``inconclusive``, ``failed`` or ``open``.
        count: e.g. ``2 of 3``; empty for one seed.
        title: the reason.
        address: of the run with the most severe verdict.
        has_report: whether that run has a report.
    """

    word: str
    kind: str
    count: str
    title: str
    address: str
    has_report: bool


def standings(states: Sequence[CellState]) -> list[Standing]:
    """Return the ranked models.

    Sorted by share of APPROVED runs (descending), then, ascending, by share of REJECTED runs, force
    error and time per step.
    """
    return sorted((_standing(group) for group in _by_model(states)), key=_rank)


def speed_points(states: Sequence[CellState]) -> list[SpeedPoint]:
    """Return speed and accuracy of every model on every system on which both were measured."""
    points = []
    for model in _distinct(state.model for state in states):
        for system in _distinct(state.system for state in states):
            here = [one for one in states if (one.model, one.system) == (model, system)]
            speed, error = _median(here, SPEED), _median(here, FORCE)
            if speed and error:
                points.append(SpeedPoint(model, system, speed, error))
    return points


def matrix(
    states: Sequence[CellState], *, models: Sequence[str]
) -> list[tuple[str, str, list[MatrixCell]]]:
    """Return system, condition and cells of each row, with one column per model."""
    rows = _distinct((state.system, state.condition) for state in states)
    found = {
        key: [one for one in states if (one.system, one.condition, one.model) == key]
        for key in {(state.system, state.condition, state.model) for state in states}
    }
    return [
        (
            system,
            condition,
            [matrix_cell(found[system, condition, model]) for model in models],
        )
        for system, condition in rows
    ]


def matrix_cell(states: Sequence[CellState]) -> MatrixCell:
    """Return the most severe verdict of all seeds of one model, system and condition."""
    ranked = sorted(states, key=lambda one: _WORST_FIRST.index(kind_of(one)))
    decides = ranked[0]
    same = sum(kind_of(one) == kind_of(decides) for one in states)
    return MatrixCell(
        word=decides.label or decides.state.upper(),
        kind=kind_of(decides),
        count=f"{same} of {len(states)}" if len(states) > 1 else "",
        title=decides.message,
        address=decides.address,
        has_report=decides.state == DONE,
    )


def kind_of(state: CellState) -> str:
    """Return the colour class of a run."""
    if state.verdict is not None:
        return state.verdict.value.lower()
    return "failed" if state.has_failed else "open"


_WORST_FIRST = ("rejected", "failed", "open", "inconclusive", "approved")


def _standing(states: Sequence[CellState]) -> Standing:
    drifts = [abs(value) for value in _values(states, DRIFT)]
    failed = Counter(
        check["id"]
        for state in states
        for check in state.result.get("checks", ())
        if check["required"] and check["status"] == "FAIL"
    )
    sizes = [one.result["model"]["n_parameters"] for one in states if "model" in one.result]
    return Standing(
        model=states[0].model,
        n_parameters=sizes[0] if sizes else None,
        n_cells=len(states),
        verdicts={status: sum(one.verdict is status for one in states) for status in VerdictStatus},
        n_failed=sum(one.has_failed for one in states),
        n_open=sum(one.state in (WAITING, BEGUN) for one in states),
        force_ev_per_angstrom=_median(states, FORCE),
        energy_mev_per_atom=_median(states, ENERGY),
        drift_mev_per_atom_per_ps=max(drifts, default=None),
        ms_per_step=_median(states, SPEED),
        failed_checks=tuple(failed.most_common(MOST_FAILED_CHECKS)),
    )


def _rank(standing: Standing) -> tuple[float, float, float, float]:
    n_cells = standing.n_cells
    return (
        -standing.verdicts[VerdictStatus.APPROVED] / n_cells,
        standing.verdicts[VerdictStatus.REJECTED] / n_cells,
        _or_last(standing.force_ev_per_angstrom),
        _or_last(standing.ms_per_step),
    )


def _or_last(value: float | None) -> float:
    return float("inf") if value is None else value


def _values(states: Iterable[CellState], check_id: str) -> list[float]:
    """Return all numbers that a check measured."""
    return [
        float(check["value"])
        for state in states
        for check in state.result.get("checks", ())
        if check["id"] == check_id and check["value"] is not None
    ]


def _median(states: Iterable[CellState], check_id: str) -> float | None:
    values = _values(states, check_id)
    return statistics.median(values) if values else None


def _by_model(states: Sequence[CellState]) -> list[list[CellState]]:
    names = _distinct(state.model for state in states)
    return [[state for state in states if state.model == name] for name in names]


def _distinct(values: Iterable) -> list:
    """Return distinct values in order of first occurrence."""
    return list(dict.fromkeys(values))
