"""Do models that were trained apart agree on the forces of the potential's own trajectories?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import fields, too_few
from openmm_mlff.checks.statistics import root_mean
from openmm_mlff.config import Limits
from openmm_mlff.plots import Axis, Level, Line, Mark, Panel, Plot
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record


@record
class Record:
    """Variance of each force component over the potential and its committee, (eV/Å)².

    Means over the atoms of each frame, and over frames for each atom; NaN where one refused.
    """

    committee: tuple[str, ...]
    symbols: tuple[str, ...]
    frame_variances: np.ndarray = array("frames")
    atom_variances: np.ndarray = array("N")
    refused: np.ndarray = array("frames")


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Evaluate the potential and its committee on thermal frames."""
    committee = subject.potential.committee
    if not committee:
        return NotApplicable("no other models were given with --committee")
    frames = subject.thermal_frames
    if frames is None:
        return Skipped("no simulation produced a frame to compare")
    found = [subject.evaluate(frames), *(subject.paths.by(model, frames) for model in committee)]
    refused = np.any([points.refused for points in found], axis=0)
    forces = np.stack([points.forces_ev_per_angstrom for points in found])
    variances = forces.var(axis=0, ddof=1).mean(axis=2)
    return Record(
        committee=tuple(model.spec for model in committee),
        symbols=subject.molecule.symbols,
        frame_variances=variances.mean(axis=1),
        atom_variances=variances[~refused].mean(axis=0) if not refused.all() else variances[0],
        refused=refused,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the root of the mean variance with the limit ``spread`` (eV/Å).

    A small spread does not show that the models are right: they may share an error.
    """
    kept = ~record.refused
    reason = f"all models evaluated {kept.sum()} of {len(kept)} frames"
    if undecided := too_few(kept.sum(), len(kept), reason):
        return undecided
    variances = record.frame_variances[kept]
    spread, half_width = root_mean(variances)
    symbols = np.array(record.symbols)
    evidence = fields(record, "committee") | {
        "per_frame": np.sqrt(variances),
        "per_element": {
            symbol: float(np.sqrt(record.atom_variances[symbols == symbol].mean()))
            for symbol in sorted(set(record.symbols))
        },
    }
    clause = f"the forces of {1 + len(record.committee)} models on {len(variances)} frames of the "
    clause += "potential's own trajectories spread by"
    measure = Measure(clause, spread, limits["spread"], half_width=half_width)
    return judged([measure], evidence=evidence)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the spread of each frame."""
    spreads = np.sqrt(record.frame_variances)
    if not np.isfinite(spreads).any():
        return []
    marks: list[Mark] = [
        Line(np.arange(len(spreads)), spreads, "spread", 0, "solid", markers=True),
        Level(limits["spread"].value, "limit"),
    ]
    axes = Axis("Frame"), Axis("Spread of the forces (eV/Å)")
    return [Plot("Committee", [Panel(*axes, marks)], name="committee")]


CHECK = define(
    __name__,
    formula="√⟨s²⟩, s² the variance of a force component over the potential and the models of "
    "--committee, frames of the potential's own NVE runs; it costs 10 evaluations "
    "(`thermal_frames` of the protocol) of each model, and needs no reference",
    limits={"spread": "eV/Å"},
    source="query by committee: Schran et al., J. Chem. Phys. 153, 104105 (2020); the limit is "
    "that of force_accuracy",
    consequence="The trajectory visits geometries that the training data do not determine.",
    remedy="Add frames on which the models differ most, labelled by the reference, to the training "
    "data.",
    needs=OWN_GEOMETRIES,
)
