"""Structures on the page: frames for the viewer, thinned but with that of failure, and pictures."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from scipy.spatial.transform import Rotation

from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom
from openmm_mlff.report.html.embedding import packed_positions
from openmm_mlff.report.selection import find_result
from openmm_mlff.report.wording import condition_label
from openmm_mlff.results import Status, ValidationReport
from openmm_mlff.storage.runs import Evidence, Run

MOST_FRAMES = 240
MOST_NUMBERS, MOST_NUMBERS_OF_ALL = 400_000, 1_200_000
"""Maximum of coordinates in the page per run and of all runs; large systems get fewer frames."""

MOST_ATOMS, MOST_PICTURED = 5_000, 2_000
"""Of a system that is played, and of one with a picture."""

STEP_ANGSTROM = 0.002
CLOSE_FRAMES = 30
"""Number of consecutive frames kept before a failure."""


WIDTH, MARGIN_ANGSTROM = 240.0, 0.3
BALL, STICK_ANGSTROM = 0.55, 0.2
"""Radius of a ball over the covalent radius, and width of a stick."""

TORN = 1.5
"""A bond longer than this many times its length in the starting structure is dashed."""

COLOURS = {
    "H": "#f2f2f2",
    "C": "#8a8a8a",
    "N": "#3050f8",
    "O": "#ff0d0d",
    "F": "#90e050",
    "Na": "#ab5cf2",
    "Si": "#f0c8a0",
    "P": "#ff8000",
    "S": "#ffff30",
    "Cl": "#1ff01f",
    "Cu": "#c88033",
    "Br": "#a62929",
}
"""Jmol's, as in the viewer."""

OTHER_COLOUR = "#c0b0d0"


@dataclass(frozen=True)
class Mishap:
    """Failure of one run according to `stability`.

    Attributes:
        atoms: affected atoms, zero-based.
    """

    time_ps: float
    what: str
    atoms: tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    """The starting structure of a system, or the frame in which the first of its runs failed."""

    system: str
    caption: str
    svg: Markup


def viewer_runs(
    observations_by_system: Mapping[str, Evidence], report: ValidationReport
) -> list[dict[str, Any]]:
    """Return the data of the viewer, failed runs first.

    A run that failed before its first frame shows the starting structure.
    """
    shown = [
        (run, evidence.system, mishap)
        for evidence in observations_by_system.values()
        if evidence.system.n_atoms <= MOST_ATOMS
        for run, mishap in _runs(evidence, report)
    ]
    most = min(MOST_NUMBERS, MOST_NUMBERS_OF_ALL // max(1, len(shown)))
    entries = [
        _entry(run, system=system, mishap=mishap, most_numbers=most)
        for run, system, mishap in shown
    ]
    return sorted((one for one in entries if one), key=lambda entry: entry["mishap"] is None)


def structure_pictures(
    observations_by_system: Mapping[str, Evidence], report: ValidationReport
) -> list[Picture]:
    """Return one picture per system, those of failed runs first."""
    pictures = [
        _picture(evidence, report)
        for evidence in observations_by_system.values()
        if evidence.system.n_atoms <= MOST_PICTURED
    ]
    return sorted(pictures, key=lambda picture: picture.caption == picture.system)


def chosen_frames(n_frames: int, *, most: int, failing: int | None) -> npt.NDArray[np.int64]:
    """Return sorted frame indices: evenly spaced, and all frames just before a failure.

    The first, the last and the failing frame are included.
    """
    even = np.unique(np.linspace(0, n_frames - 1, min(most, n_frames)).round().astype(np.int64))
    if failing is None:
        return even
    before = np.arange(max(0, failing - CLOSE_FRAMES), min(failing + 3, n_frames))
    return np.union1d(even, before)


def _runs(evidence: Evidence, report: ValidationReport) -> Iterator[tuple[Run, Mishap | None]]:
    for run in evidence.runs:
        yield run, _mishap(report, run=run, system=evidence.system.name)


def _picture(evidence: Evidence, report: ValidationReport) -> Picture:
    system = evidence.system
    positions, caption = system.positions_angstrom, system.name
    marked: tuple[int, ...] = ()
    for run, mishap in _runs(evidence, report):
        if mishap is not None:
            times, found = _frames(run, system=system)
            caption = f"{system.name}, start of a run that fails"
            if len(times):
                positions = found[_failing(times, mishap)]
                caption = f"{system.name}, where it fails at {mishap.time_ps:.3g} ps"
            marked = mishap.atoms
            break
    return Picture(system.name, caption, structure_svg(system, positions, marked=marked))


def _failing(times: npt.NDArray[np.float64], mishap: Mishap) -> int:
    """Return the index of the first frame at or after the failure."""
    return min(int(np.searchsorted(times, mishap.time_ps - 1e-9)), len(times) - 1)


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


def _entry(
    run: Run, *, system: MolecularSystem, mishap: Mishap | None, most_numbers: int
) -> dict[str, Any] | None:
    times, positions = _frames(run, system=system)
    failing = None
    if not len(times):
        if mishap is None:
            return None
        times, positions, failing = np.zeros(1), system.positions_angstrom[None], 0
    elif mishap is not None:
        failing = _failing(times, mishap)
    most = max(2, min(MOST_FRAMES, most_numbers // (3 * system.n_atoms)))
    chosen = chosen_frames(len(times), most=most, failing=failing)
    shown = _centred(positions[chosen], system=system)
    label = condition_label(run.condition.as_dict())
    return {
        "system": system.name,
        "name": run.name,
        "label": f"{system.name}, {label}, replica {run.replica}",
        "symbols": system.symbols,
        "bonds": [[int(i), int(j)] for i, j in system.bonds or ()],
        "box": None if system.cell_angstrom is None else system.cell_angstrom,
        "times": [round(float(time), 5) for time in times[chosen]],
        "step": STEP_ANGSTROM,
        "frames": packed_positions(shown, step=STEP_ANGSTROM),
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


def structure_svg(
    system: MolecularSystem,
    positions: npt.NDArray[np.float64],
    *,
    marked: Collection[int] = (),
) -> Markup:
    """Return the SVG of a system at positions (N, 3) in Å; ``marked`` atoms have a ring.

    It has no title; colours of rings, sticks and outlines are those of the page's style.
    """
    start, bonds = system.positions_angstrom, system.bonds or ()
    radii = BALL * covalent_radii_angstrom(system.atomic_numbers)
    # The axes of largest spread become x and y, without reflection, and tilted: along an axis of
    # symmetry, atoms would hide others.
    axes = np.linalg.svd(start - start.mean(axis=0))[2]
    axes[2] *= np.sign(np.linalg.det(axes))
    tilt = Rotation.from_euler("xy", (18.0, 12.0), degrees=True).as_matrix()
    places = (positions - positions.mean(axis=0)) @ (tilt @ axes).T
    room = radii[:, None] + MARGIN_ANGSTROM
    low, high = (places - room).min(axis=0), (places + room).max(axis=0)
    scale = WIDTH / float((high - low)[:2].max())
    x, y = scale * (places[:, 0] - low[0]), scale * (high[1] - places[:, 1])
    parts = []
    for k, symbol in enumerate(system.symbols):
        circle = f'<circle cx="{x[k]:.1f}" cy="{y[k]:.1f}" r="{scale * radii[k]:.1f}" '
        ball = f'{circle}fill="{COLOURS.get(symbol, OTHER_COLOUR)}"/>'
        ring = f'{circle}class="ring"/>' if k in marked else ""
        parts.append((places[k, 2], ball + ring))
    for i, j in bonds:
        is_torn = _distance(positions, i, j) > TORN * _distance(start, i, j)
        look = 'class="torn"' if is_torn else f'stroke-width="{scale * STICK_ANGSTROM:.1f}"'
        path = f'<path d="M{x[i]:.1f} {y[i]:.1f}L{x[j]:.1f} {y[j]:.1f}" {look}/>'
        parts.append((min(places[i, 2], places[j, 2]) - 1e-6, path))
    width, height = scale * (high - low)[:2]
    drawn = "".join(text for _, text in sorted(parts, key=lambda part: part[0]))
    box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    # Nothing in it is text from elsewhere.
    return Markup(f'<svg class="structure" aria-hidden="true" {box}>{drawn}</svg>')


def _distance(positions: npt.NDArray[np.float64], i: int, j: int) -> float:
    return float(np.linalg.norm(positions[i] - positions[j]))
