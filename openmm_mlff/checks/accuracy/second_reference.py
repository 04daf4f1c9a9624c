"""Do two references agree where the potential goes?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import too_few
from openmm_mlff.checks.statistics import root_mean
from openmm_mlff.config import Limits, Threshold, short_name
from openmm_mlff.plots import Axis, Level, Line, Mark, Panel, Plot
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

LIMITS: Limits = {
    "disagreement": Threshold(value=0.2, unit="eV/Å", source="as the RMSE of force_accuracy")
}
"""Of protocols that do not name the check, which is asked by --second-reference."""

PAIRS = ((0, 1), (0, 2), (1, 2))
"""Of the potential, the reference and the second reference."""


@record
class Record:
    """Energies, eV, and forces, eV/Å, of the potential and of both references on the same frames.

    NaN where one refused.
    """

    reference: str
    second: str
    frames_of: str
    energies_ev: np.ndarray = array(3, "frames")
    forces: np.ndarray = array(3, "frames", "N", 3)

    def squares(self) -> list[np.ndarray]:
        """Return the mean squared difference of the forces of each pair, (frames,)."""
        return [np.mean((self.forces[i] - self.forces[j]) ** 2, axis=(1, 2)) for i, j in PAIRS]

    @property
    def pairs(self) -> list[str]:
        """The names of each pair."""
        names = "the potential", short_name(self.reference), short_name(self.second)
        return [f"{names[i]} and {names[j]}" for i, j in PAIRS]


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Evaluate the second reference on the frames that the first labelled."""
    potential = subject.potential.second_reference
    if potential is None:
        return NotApplicable("no other reference was given with --second-reference")
    labels = subject.reference_labels
    if isinstance(labels, Skipped):
        return labels
    second = subject.paths.by(potential, labels.positions_angstrom)
    return Record(
        reference=labels.reference,
        second=potential.spec,
        frames_of=labels.frames_of,
        energies_ev=np.stack(
            [labels.model_energies_ev, labels.reference_energies_ev, second.energies_ev]
        ),
        forces=np.stack(
            [labels.model_forces, labels.reference_forces, second.forces_ev_per_angstrom]
        ),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the RMSE of the forces of one reference from the other with ``disagreement`` (eV/Å).

    The evidence has the RMSE of the forces and the MAE of the energies, shifted as a whole, of each
    pair of the three.
    """
    kept = np.isfinite(record.forces).all(axis=(0, 2, 3)) & np.isfinite(record.energies_ev).all(0)
    reason = f"all three evaluated {kept.sum()} of {len(kept)} frames"
    if undecided := too_few(kept.sum(), len(kept), reason):
        return undecided
    found = [root_mean(squares[kept]) for squares in record.squares()]
    rmse = [value for value, _ in found]
    apart_ev = [np.subtract(*record.energies_ev[[i, j]][:, kept]) for i, j in PAIRS]
    scale = MEV_PER_EV / record.forces.shape[2]
    mae = [scale * float(np.abs(apart - apart.mean()).mean()) for apart in apart_ev]
    evidence = {
        "frames_used": int(kept.sum()),
        "force_rmse_ev_per_angstrom": dict(zip(record.pairs, rmse, strict=True)),
        "energy_mae_mev_per_atom": dict(zip(record.pairs, mae, strict=True)),
    }
    first, second = short_name(record.reference), short_name(record.second)
    note = f"the potential differs from {first} by {rmse[0]:.3g} and from {second} by {rmse[1]:.3g}"
    note += " eV/Å" + (", less than they do from each other" if rmse[2] > max(rmse[:2]) else "")
    clause = f"the forces of {first} and {second} on {kept.sum()} frames of {record.frames_of} "
    clause += "differ by an RMSE of"
    measure = Measure(clause, rmse[2], limits["disagreement"], half_width=found[2][1])
    return judged([measure], evidence=evidence, note=note)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the RMSE of the forces of each pair, frame by frame."""
    marks: list[Mark] = [Level(limits["disagreement"].value, "limit")]
    for name, squares in zip(record.pairs, record.squares(), strict=True):
        marks.append(Line(np.arange(len(squares)), np.sqrt(squares), name, markers=True))
    axes = Axis("Frame"), Axis("RMSE of the forces (eV/Å)")
    return [Plot("Two references", [Panel(*axes, marks)], name="second_reference")]


CHECK = define(
    __name__,
    formula="RMSE of F_ref − F_second over all components, frames on which the reference is "
    "evaluated; asked in every protocol by --second-reference, with a limit of 0.2 eV/Å; it costs "
    "as many evaluations of the second (`reference_frames` of the protocol)",
    limits={"disagreement": "eV/Å"},
    source="the limit is that of force_accuracy: references that differ more cannot decide on a "
    "smaller error",
    consequence="Whether the potential is accurate depends on the reference it is compared with.",
    remedy="Find out which reference is right for this molecule (experiment, a method of higher "
    "level), and name that one as --reference.",
    needs=("minimum", "trajectories", "reference_labels"),
)
