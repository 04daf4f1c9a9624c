"""What plots of simulations share: a curve per replica, the time axis, failures, sentences."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from openmm_mlff.plots import Axis, Event, Line
from openmm_mlff.report.wording import condition_label
from openmm_mlff.storage.runs import Run

Series = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Times and values of one run, (T,) each."""


def run_lines(runs: Sequence[Run], curves: Mapping[str, Series], *, name: str) -> list[Line]:
    """Return one curve per replica."""
    return [
        Line(
            *curves[run.name],
            name if len(runs) == 1 else f"replica {run.replica}",
            k,
            run=run.name,
        )
        for k, run in enumerate(runs)
    ]


def time_axis(runs: Sequence[Run], curves: Iterable[Series]) -> Axis:
    """Return the time axis from zero to the last value, with room for the texts of failures."""
    last_ps = max(float(np.nanmax(time_ps)) for time_ps, _ in curves)
    failed = any(run.failure is not None for run in runs)
    return Axis("Time (ps)", (0.0, (last_ps or 1.0) * (1.1 if failed else 1.01)))


def failures(runs: Sequence[Run]) -> list[Event]:
    """Return the time at which each failed run ended, where it is known."""
    ended = [run.failure for run in runs if run.failure is not None and run.failure.time_ps >= 0.0]
    return [Event(one.time_ps, f"{one.kind} at {one.time_ps:.3g} ps") for one in ended]


def run_sentence(runs: Sequence[Run]) -> str:
    """Return condition, number and length of the runs, in brackets."""
    label = condition_label(runs[0].condition.as_dict())
    count = "" if len(runs) == 1 else f", {len(runs)} replicas"
    longest_ps = max(run.completed_ps for run in runs)
    return f" ({label}{count}, {longest_ps:.4g} ps)"


def ending_sentence(runs: Sequence[Run]) -> str:
    """Return when and why each run that ended early did so."""
    sentences = []
    for run in runs:
        if run.failure is not None:
            reason = run.failure.message.rstrip(".")
            sentences.append(f" {run.name} failed at {run.failure.time_ps:.4g} ps: {reason}.")
        elif not run.survived:
            sentences.append(
                f" {run.name} ended at {run.completed_ps:.4g} of {run.requested_ps:.4g} ps."
            )
    return "".join(sentences)
