"""Are the forces systematically too weak or too strong?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import too_few
from openmm_mlff.checks.statistics import mean_half_width
from openmm_mlff.config import Limits, short_name
from openmm_mlff.plots import Axis, Band, Level, Mark, Panel, Plot, Points
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record


@record
class Record:
    """Σ F·F_ref and Σ F_ref² over the atoms of each frame, eV²/Å²; NaN where one was refused.

    `displaced` frames are displaced at random from the minimum; none where the reference is a file.
    """

    reference: str
    frames_of: str
    requested: int
    thermal_products: np.ndarray = array("thermal")
    thermal_squares: np.ndarray = array("thermal")
    displaced_products: np.ndarray = array("displaced")
    displaced_squares: np.ndarray = array("displaced")

    def frames(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Return products and squares of the frames of a kind that the reference labelled."""
        squares = getattr(self, f"{kind}_squares")
        kept = np.isfinite(squares)
        return getattr(self, f"{kind}_products")[kept], squares[kept]


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Compare the shared labels, and displaced geometries where the reference can be evaluated."""
    if subject.asked.n_atoms < 2:
        return NotApplicable("a single atom has no forces")
    labels = subject.reference_labels
    if isinstance(labels, Skipped):
        return labels
    placed = subject.displaced(subject.spec.geometries if subject.can_ask_reference else 0)
    model = subject.evaluate(placed)
    ideal = subject.reference.evaluate(placed).forces_ev_per_angstrom if len(placed) else placed
    squares = np.sum(ideal**2, axis=(1, 2))
    return Record(
        reference=labels.reference,
        frames_of=labels.frames_of,
        requested=labels.requested,
        thermal_products=np.sum(labels.model_forces * labels.reference_forces, axis=(1, 2)),
        thermal_squares=np.sum(labels.reference_forces**2, axis=(1, 2)),
        displaced_products=np.sum(model.forces_ev_per_angstrom * ideal, axis=(1, 2)),
        displaced_squares=np.where(model.refused, np.nan, squares),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare |s − 1| with the limit ``deviation`` (ratio), on each kind of frames.

    The interval of s, a ratio of means, is that of the mean of F·F_ref − s F_ref² of each frame.
    """
    measures: list[Measure] = []
    evidence: dict[str, Any] = {"reference": record.reference}
    for kind, where, requested in _kinds(record):
        products, squares = record.frames(kind)
        reason = f"{len(squares)} of {requested} frames of {where} were evaluated by both"
        if undecided := too_few(len(squares), requested, reason):
            return undecided
        scale = float(squares.mean())
        if scale == 0.0:
            return inconclusive(f"{short_name(record.reference)} gives no force on {where}")
        slope = float(products.mean()) / scale
        half_width = mean_half_width((products - slope * squares) / scale)
        evidence |= {f"{kind}_slope": slope, f"{kind}_interval": half_width}
        reference = short_name(record.reference)
        clause = f"on {where} the forces are {slope:.3g} times those of {reference}, off by"
        deviation = abs(slope - 1.0)
        measures.append(Measure(clause, deviation, limits["deviation"], half_width=half_width))
    return judged(measures, evidence=evidence)


def _kinds(record: Record) -> list[tuple[str, str, int]]:
    """Return each kind of frames with its name in a sentence and the number requested."""
    displaced = len(record.displaced_squares)
    kinds = [("thermal", f"frames of {record.frames_of}", record.requested)]
    return kinds + [("displaced", "geometries displaced at random", displaced)] * bool(displaced)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the factor between the forces of each frame against their size."""
    allowed = limits["deviation"].value
    marks: list[Mark] = [
        Band(1.0 - allowed, 1.0 + allowed, name="allowed in the mean"),
        Level(1.0, "", "ink", "solid"),
    ]
    for kind, where, _ in _kinds(record):
        products, squares = record.frames(kind)
        kept = squares > 0.0
        sizes = np.sqrt(squares[kept])
        marks.append(Points(sizes, products[kept] / squares[kept], where))
    axes = Axis("|F(reference)| of a frame (eV/Å)"), Axis("F·F(reference) / F(reference)²")
    caption = "One point for each frame: below one the surface is too soft."
    return [Plot("Softening", [Panel(*axes, marks)], caption, name="softening")]


CHECK = define(
    __name__,
    formula="|s − 1|, s = Σ F·F_ref / Σ F_ref², over frames of the potential's own NVE runs and, "
    "if the reference can be evaluated, over displaced geometries; it costs 20 evaluations "
    "(`geometries` of the protocol) of each",
    limits={"deviation": "ratio"},
    source="Deng et al., npj Comput. Mater. 11, 9 (2025): universal potentials are too soft, by up "
    "to a half",
    consequence="All vibrations are too slow or too fast, and barriers too low or too high, in the "
    "same direction: the errors do not cancel in an average.",
    remedy="Add geometries far from the minimum (displaced, or from hot runs) to the training "
    "data; a few correct a systematic softening. Check the units of the labels.",
    needs=("minimum", "trajectories", "reference_labels"),
)
