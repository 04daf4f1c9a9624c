"""Frames of a potential's own trajectories, at the temperature of all of them together."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.storage.shared import Ensemble

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject


@dataclass(frozen=True)
class Frames:
    """Frames (F, N, 3), Å, of several simulations; times (F,) are those in each simulation."""

    positions_angstrom: np.ndarray
    time_ps: np.ndarray
    source: str


def own_frames(subject: "Subject", count: int, *, or_broken: bool = False) -> Frames | None:
    """Return at most `count` frames of all NVE runs and of the ensemble, equally many of each.

    They are evenly spaced; None where there are none.  One NVE run keeps the energy of its start:
    only frames of all runs have the temperature.  With `or_broken`, runs that broke are used where
    nothing else left a frame.
    """
    recorded = [run for run in subject.runs.runs if run.trajectory is not None]
    runs = [run for run in recorded if run.survived]
    ensemble = subject.ensemble
    short = ensemble.positions_angstrom if isinstance(ensemble, Ensemble) else np.empty(0)
    if or_broken and not runs and not len(short):
        runs = recorded
    sources: list[tuple[np.ndarray, np.ndarray]] = [
        (run.trajectory.time_ps, run.trajectory.positions_angstrom)
        for run in runs
        if run.trajectory is not None and len(run.trajectory.time_ps)
    ]
    if isinstance(ensemble, Ensemble):
        sources += [(ensemble.frame_time_ps, np.asarray(positions)) for positions in short]
    if not sources:
        return None
    each = math.ceil(count / len(sources))
    chosen = [spaced(len(time_ps), each) for time_ps, _ in sources]
    times_ps = np.concatenate([time[one] for (time, _), one in zip(sources, chosen, strict=True)])
    positions = np.concatenate([own[one] for (_, own), one in zip(sources, chosen, strict=True)])
    kept = spaced(len(times_ps), count)
    named = [run.name for run in runs[:1]] if len(runs) < 2 else [f"{len(runs)} runs"]
    named += [f"{len(short)} short runs"] if len(short) else []
    return Frames(positions[kept], times_ps[kept], " and ".join(named))


def spaced(length: int, count: int) -> np.ndarray:
    """Return the indices of at most ``count`` rows, evenly spaced, the last among them."""
    ends = np.arange(1, count + 1) * length // count
    return np.unique(ends[ends > 0]) - 1
