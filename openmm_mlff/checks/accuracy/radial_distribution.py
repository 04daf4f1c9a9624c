"""Does the liquid or crystal have the structure of the reference's?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define, inconclusive
from openmm_mlff.config import Limits, short_name
from openmm_mlff.plots import Axis, Level, Line, Panel, Plot, Points
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record

MOST_FRAMES = 500
BLOCKS = 4
"""Parts of a run, in order of time; two halves of them show the noise."""

SMALLEST_PROMINENCE = 0.1
"""Of a peak of g(r), relative to the highest."""


@record
class Record:
    """g(r) of P pairs of elements, between molecules, in blocks of frames."""

    pairs: tuple[str, ...]  # e.g. ``O–O``
    frames: int
    duration_ps: float  # of the simulations or of the reference's, whichever is shorter
    r_angstrom: np.ndarray = array("bins")  # middles
    g: np.ndarray = array("pairs", "blocks", "bins")
    # whose integral over 4πr²g is the number of neighbours
    partners_per_cubic_angstrom: np.ndarray = array("pairs")
    reference_g: np.ndarray | None = array("pairs", "reference blocks", "bins", default=None)
    reference: str = ""
    no_reference: str = ""  # why there is none


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Compute g(r) of the simulations at the first temperature, and of samples of the reference."""
    if not subject.molecule.is_periodic:
        return NotApplicable("it has no periodic box")
    runs = [run for run in subject.runs.runs if run.survived]
    runs = [one for one in runs if one.condition.temperature_kelvin == subject.temperature_kelvin]
    frames = [run.trajectory.positions_angstrom for run in runs if run.trajectory is not None]
    positions = np.concatenate([np.empty((0, subject.molecule.n_atoms, 3)), *frames])
    if len(positions) < BLOCKS:
        return Skipped("no simulation ran to its end")
    every = max(1, len(positions) // MOST_FRAMES)
    own = subject.bulk.radial_distribution(positions[::every], blocks=BLOCKS)
    if not own.pairs:
        return NotApplicable("all atoms belong to one molecule")
    ideal = subject.bulk.reference_radial_distribution(blocks=BLOCKS)
    known: dict[str, Any] = (
        {"no_reference": ideal.reason}
        if isinstance(ideal, NotApplicable)
        else {"reference_g": ideal.g, "reference": subject.reference.spec}
    )
    return Record(
        frames=len(positions[::every]),
        duration_ps=min(subject.spec.sampling_ps, sum(run.completed_ps for run in runs)),
        **vars(own),
        **known,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the difference of g(r) from the reference's, of the worst pair, with ``difference``.

    Two halves of one run differ by noise alone, two whole runs by 1/√2 of that.  Noise above the
    limit decides nothing: the run is too short, or its structure still changes.  Else PASS needs
    the difference below the limit, FAIL the difference less noise above it.
    """
    shells = [first_shell(record, pair) for pair in range(len(record.pairs))]
    said = "; ".join(_said(one) for one in shells if one["peak_angstrom"] is not None)
    evidence = {"frames": record.frames, "first_shells": shells, "reference": record.reference}
    if record.reference_g is None:
        shown = f"; g(r) of {said}" if said else "; g(r) has no peak"
        return Judgement(Status.SKIPPED, f"{record.no_reference}{shown}", evidence=evidence)
    differences = np.abs(record.g.mean(axis=1) - record.reference_g.mean(axis=1)).mean(axis=1)
    noises = [
        np.abs(np.subtract(*(half.mean(axis=1) for half in np.array_split(g, 2, axis=1)))).mean(1)
        for g in (record.g, record.reference_g)
    ]
    noise, limit = np.max(noises, axis=0) / np.sqrt(2.0), limits["difference"].value
    worst = int(np.argmax(differences))
    found, blur = float(differences[worst]), float(noise[worst])
    clause = (
        f"g(r) of {record.pairs[worst]} differs from that of {short_name(record.reference)} by "
        f"{found:.3g} ± {blur:.2g} on average over r (limit {limit:g})"
    )
    evidence |= {"differences": differences, "noise": noise}
    is_undecided = noise.max() > limit or differences.max() > limit >= (differences - noise).max()
    if is_undecided or record.duration_ps < limits["shortest"].value:
        reason = f"{clause}, from {record.duration_ps:.3g} ps; longer simulations would decide"
        if noise.max() > limit:
            reason += f", unless g(r) still changes (by {noise.max():.2g} between halves of a run)"
        return inconclusive(reason, evidence=evidence)
    status = Status.FAIL if found > limit else Status.PASS
    clause += f"; {said}" if said else ""
    return Judgement(status, clause, value=found, threshold=limit, evidence=evidence)


def first_shell(record: Record, pair: int) -> dict[str, Any]:
    """Return position and height of the first peak, the minimum behind it, and the neighbours.

    Their number is ρ ∫ 4πr² g dr up to the minimum.  All are None where there is no peak.
    """
    from scipy.signal import find_peaks  # takes a second to import

    g, r = record.g[pair].mean(axis=0), record.r_angstrom
    smooth = np.convolve(np.pad(g, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    peaks, _ = find_peaks(smooth, prominence=SMALLEST_PROMINENCE * smooth.max(), height=1.0)
    names = ("peak_angstrom", "peak_height", "minimum_angstrom", "neighbours")
    if not len(peaks):
        return {"pair": record.pairs[pair], **dict.fromkeys(names)}
    end = peaks[1] if len(peaks) > 1 else len(g)
    last = peaks[0] + int(np.argmin(smooth[peaks[0] : end]))
    half = 0.5 * (r[1] - r[0])
    shells = 4.0 / 3.0 * np.pi * ((r + half) ** 3 - (r - half) ** 3)
    neighbours = record.partners_per_cubic_angstrom[pair] * (shells * g)[: last + 1].sum()
    values = r[peaks[0]], g[peaks[0]], r[last], neighbours
    return {"pair": record.pairs[pair], **dict(zip(names, map(float, values), strict=True))}


def _said(shell: dict[str, Any]) -> str:
    return (
        f"{shell['pair']} peaks at {shell['peak_angstrom']:.2f} Å ({shell['peak_height']:.2f}), "
        f"with {shell['neighbours']:.2g} neighbours"
    )


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot g(r) of each pair of elements, with the reference's and the first peak."""
    panels = []
    for pair, name in enumerate(record.pairs):
        marks: list[Any] = [Level(1.0, colour="muted", style="dotted")]
        if record.reference_g is not None:
            ideal = record.reference_g[pair].mean(axis=0)
            marks.append(Line(record.r_angstrom, ideal, "reference", "ink", "dashed"))
        marks.append(Line(record.r_angstrom, record.g[pair].mean(axis=0), "potential", 0, "solid"))
        shell = first_shell(record, pair)
        if shell["peak_angstrom"] is not None:
            marks.append(Points([shell["peak_angstrom"]], [shell["peak_height"]], "first peak", 1))
        panels.append(Panel(Axis("r (Å)"), Axis("g(r)"), marks, name))
    caption = f"Atoms of different molecules, {record.frames} frames, up to half the box."
    return [Plot("Radial distribution", panels, caption, "rdf", min(len(panels), 3))]


CHECK = define(
    __name__,
    formula="mean over r of |g(r) − g_ref(r)| by pair of elements; first peak, and ρ ∫ 4πr² g dr "
    "up to the minimum behind it",
    limits={"difference": "ratio", "shortest": "ps"},
    source="mlipaudit, MDsim (Fu et al. 2023); the limit is our choice",
    consequence="The liquid is over- or understructured: density, diffusion and solvation are "
    "wrong even where force errors are small.",
    remedy="Add frames of the box, at several densities and labelled by the reference, to the "
    "training data.",
    needs=("minimum", "trajectories"),
)
