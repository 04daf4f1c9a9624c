"""Do energy differences match the reference's?"""

import numpy as np

from openmm_mlff.checks.accuracy.labels import check_of_labels, counts, usable_labels
from openmm_mlff.checks.base import Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.statistics import mean_half_width
from openmm_mlff.config import Limits, short_name
from openmm_mlff.storage.shared import Labels
from openmm_mlff.units import MEV_PER_EV

FEWEST_FRAMES = 3  # one constant is fitted, so three frames leave two differences


def judge(record: Labels, limits: Limits) -> Judgement:
    """Compare energies with the reference's after one constant shift, with ``mae`` (meV/atom)."""
    frames = usable_labels(record)
    if isinstance(frames, Judgement):
        return frames
    n_frames, n_atoms = frames.model_forces.shape[:2]
    if n_frames < FEWEST_FRAMES:
        reason = f"{n_frames} frames were evaluated (needs at least {FEWEST_FRAMES})"
        return inconclusive(reason, evidence=counts(frames))
    difference_ev = frames.model_energies_ev - frames.reference_energies_ev
    shift_ev = float(difference_ev.mean())
    errors = np.abs(difference_ev - shift_ev) * MEV_PER_EV / n_atoms
    half_width = mean_half_width(errors)
    clause = f"the energies of {n_frames} frames, shifted as a whole, differ from those of "
    clause += f"{short_name(frames.reference)} by an MAE of"
    return judged(
        [Measure(clause, float(errors.mean()), limits["mae"], half_width=half_width)],
        evidence={"interval_mev_per_atom": half_width, "shift_ev": shift_ev, **counts(frames)},
    )


CHECK = check_of_labels(
    __name__,
    formula="mean |d − mean d| / N, d = E − E_ref, frames of the potential's own NVE runs",
    limits={"mae": "meV/atom"},
    source="customary for ML force fields: 10 meV/atom is 0.4 kT at 300 K",
    consequence="Populations of conformers and reaction energies, which depend on exp(−ΔE/kT), are "
    "wrong by factors.",
    remedy="Train with more weight on energies, or on more geometries of this trajectory.",
)
