"""Do two references agree where the potential goes?"""

from itertools import combinations

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import too_few
from openmm_mlff.checks.statistics import mean_half_width
from openmm_mlff.config import Limits, Threshold, short_name
from openmm_mlff.plots import Axis, Level, Line, Mark, Panel, Plot
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

LIMITS: Limits = {
    "disagreement": Threshold(value=0.2, unit="eV/Å", source="as the RMSE of force_accuracy")
}
"""Of protocols that do not name the check, which is asked by --second-reference."""


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

    @property
    def names(self) -> tuple[str, str, str]:
        """The three, in the order of the arrays."""
        return "the potential", short_name(self.reference), short_name(self.second)


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

    It has a 95 % interval from the scatter and autocorrelation of the frames.  The evidence has the
    RMSE of the forces and the MAE of the energies, shifted as a whole, of each pair of the three.
    """
    kept = np.isfinite(record.forces).all(axis=(0, 2, 3)) & np.isfinite(record.energies_ev).all(0)
    reason = f"all three evaluated {kept.sum()} of {len(kept)} frames"
    if undecided := too_few(kept.sum(), len(kept), reason):
        return undecided
    energies, forces = record.energies_ev[:, kept], record.forces[:, kept]
    squares = _mean_squares(forces)
    rmse = {pair: float(np.sqrt(one.mean())) for pair, one in squares.items()}
    pairs = {pair: _both(record, pair) for pair in rmse}
    between, half_width = rmse[1, 2], 0.0
    if between:
        half_width = mean_half_width(squares[1, 2]) / (2.0 * between)
    evidence = {
        "frames_used": int(kept.sum()),
        "force_rmse_ev_per_angstrom": {pairs[pair]: value for pair, value in rmse.items()},
        "energy_mae_mev_per_atom": {
            name: _shifted_mae(energies[pair[0]] - energies[pair[1]], atoms=forces.shape[2])
            for pair, name in pairs.items()
        },
    }
    _, first, second = record.names
    note = f"the potential differs from {first} by {rmse[0, 1]:.3g} and from {second} by "
    note += f"{rmse[0, 2]:.3g} eV/Å"
    if between > max(rmse[0, 1], rmse[0, 2]):
        note += ", less than they do from each other"
    clause = f"the forces of {first} and {second} on {kept.sum()} frames of {record.frames_of} "
    clause += "differ by an RMSE of"
    measure = Measure(clause, between, limits["disagreement"], half_width=half_width)
    return judged([measure], evidence=evidence, note=note)


def _mean_squares(forces: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Return the mean squared difference of forces (3, frames, N, 3) of each pair, (frames,)."""
    return {
        (i, j): np.mean((forces[i] - forces[j]) ** 2, axis=(1, 2))
        for i, j in combinations(range(3), 2)
    }


def _both(record: Record, pair: tuple[int, int]) -> str:
    return " and ".join(record.names[k] for k in pair)


def _shifted_mae(differences_ev: np.ndarray, *, atoms: int) -> float:
    shifted = differences_ev - differences_ev.mean()
    return float(np.abs(shifted).mean()) / atoms * MEV_PER_EV


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the RMSE of the forces of each pair, frame by frame."""
    marks: list[Mark] = [Level(limits["disagreement"].value, "limit")]
    for pair, squares in _mean_squares(record.forces).items():
        frames = np.arange(len(squares))
        marks.append(Line(frames, np.sqrt(squares), _both(record, pair), markers=True))
    axes = Axis("Frame"), Axis("RMSE of the forces (eV/Å)")
    caption = "Forces of the potential and of both references on the same frames, pair by pair."
    return [Plot("Two references", [Panel(*axes, marks)], caption, name="second_reference")]


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
