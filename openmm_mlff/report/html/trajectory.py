"""Trajectory frames for the page's viewer, thinned but including the frame of failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom
from openmm_mlff.plots import element_colours, hex_colour
from openmm_mlff.report.html.embedding import packed_positions
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.wording import condition_label
from openmm_mlff.results import Status, ValidationReport
from openmm_mlff.storage.runs import Evidence, Run

MOST_FRAMES = 240
MOST_NUMBERS = 400_000
"""Maximum of coordinates per run in the page; large systems get fewer frames."""

MOST_ATOMS = 5_000
STEP_ANGSTROM = 0.002
CLOSE_FRAMES = 30
"""Number of consecutive frames kept before a failure."""


@dataclass(frozen=True)
class Mishap:
    """Failure of one run according to `stability`.

    Attributes:
        atoms: affected atoms, zero-based.
    """

    time_ps: float
    what: str
    atoms: tuple[int, ...]


def player_runs(
    observations_by_system: Mapping[str, Evidence], report: ValidationReport
) -> list[dict[str, Any]]:
    """Return the data of the viewer, failed runs first.

    A run that failed before its first frame shows the starting structure.
    """
    entries = []
    for system, observations in observations_by_system.items():
        if observations.system.n_atoms > MOST_ATOMS:
            continue
        for run in observations.runs:
            mishap = _mishap(report, run=run, system=system)
            entry = _entry(run, system=observations.system, mishap=mishap)
            if entry is not None:
                entries.append(entry)
    return sorted(entries, key=lambda entry: entry["mishap"] is None)


def chosen_frames(n_frames: int, *, most: int, failing: int | None) -> npt.NDArray[np.int64]:
    """Return sorted frame indices: evenly spaced, and all frames just before a failure.

    The first, the last and the failing frame are included.
    """
    even = np.unique(np.linspace(0, n_frames - 1, min(most, n_frames)).round().astype(np.int64))
    if failing is None:
        return even
    before = np.arange(max(0, failing - CLOSE_FRAMES), min(failing + 3, n_frames))
    return np.union1d(even, before)


def _mishap(report: ValidationReport, *, run: Run, system: str) -> Mishap | None:
    """Return what `stability` found in one run."""
    result = find_result(
        report, check_id="stability", system=system, condition=run.condition.as_dict()
    )
    if result is None or result.status is not Status.FAIL:
        return None
    for told in result.evidence.get("runs", []):
        if told.get("run") == run.name and told.get("failure"):
            atoms = tuple(int(atom) for atom in told.get("atom_indices") or ())
            return Mishap(float(told.get("survived_ps") or 0.0), str(told["failure"]), atoms)
    return None


def _entry(run: Run, *, system: MolecularSystem, mishap: Mishap | None) -> dict[str, Any] | None:
    times, positions = _frames(run, system=system)
    failing = None
    if not len(times):
        if mishap is None:
            return None
        times, positions, failing = np.zeros(1), system.positions_angstrom[None], 0
    elif mishap is not None:
        failing = min(int(np.searchsorted(times, mishap.time_ps - 1e-9)), len(times) - 1)
    most = max(2, min(MOST_FRAMES, MOST_NUMBERS // (3 * system.n_atoms)))
    chosen = chosen_frames(len(times), most=most, failing=failing)
    shown = _centred(positions[chosen], system=system)
    label = condition_label(run.condition.as_dict())
    return {
        "system": system.name,
        "label": f"{system.name}, {label}, replica {run.replica}",
        "atoms": _atoms(system),
        "bonds": [[int(i), int(j)] for i, j in system.bonds or ()],
        "box": None if system.cell_angstrom is None else system.cell_angstrom,
        "times": [round(float(time), 5) for time in times[chosen]],
        "step": STEP_ANGSTROM,
        "frames": packed_positions(shown, step=STEP_ANGSTROM),
        "radius": _radius(shown),
        "failing": None if failing is None else int(np.searchsorted(chosen, failing)),
        "recorded": run.trajectory is not None,
        "mishap": None
        if mishap is None
        else {"time": mishap.time_ps, "what": mishap.what, "atoms": mishap.atoms},
    }


def _frames(
    run: Run, *, system: MolecularSystem
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return times and positions of the finite frames."""
    if run.trajectory is None:
        return np.empty(0), np.empty((0, system.n_atoms, 3))
    positions = run.trajectory.positions_angstrom
    known = np.isfinite(positions).all(axis=(1, 2))
    return run.trajectory.time_ps[known], positions[known]


def _centred(
    positions: npt.NDArray[np.float64], *, system: MolecularSystem
) -> npt.NDArray[np.float64]:
    """Centre each frame, or its box, at the origin without rotation."""
    if system.cell_angstrom is not None:
        return positions - 0.5 * np.asarray(system.cell_angstrom).sum(axis=0)
    # The median, so that one atom that escapes does not shift the others out of view.
    return positions - np.median(positions, axis=1, keepdims=True)


def _radius(positions: npt.NDArray[np.float64]) -> float:
    """Return a view radius that covers the start and most other frames."""
    reach = np.linalg.norm(positions, axis=-1).max(axis=1)
    return float(max(1.0, min(np.percentile(reach, 90), 3.0 * reach[0])))


def _atoms(system: MolecularSystem) -> dict[str, Sequence[Any]]:
    colours = element_colours(system.symbols)
    radii = covalent_radii_angstrom(system.atomic_numbers)
    return {
        "symbols": list(system.symbols),
        "colours": [hex_colour(colours[symbol]) for symbol in system.symbols],
        "radii": [round(float(radius), 3) for radius in radii],
    }
