"""The energies along the rotation about one bond: barrier, minima and noise."""

from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.inputs import JUDGED_FRACTION
from openmm_mlff.units import kcal_per_mol_from_ev

if TYPE_CHECKING:
    from openmm_mlff.checks.accuracy.torsion_profile import Record


def bond_profile(record: "Record", row: int) -> dict[str, Any]:
    """Return one bond's profile; energies in kcal/mol from the reference's lowest point."""
    angles, used = record.angles_degrees[row], record.used[row] > 0.0
    points = {
        "bond": record.bonds[row],
        "points": len(used),
        "points_used": int(used.sum()),
        "judged": bool(used.any() and used.sum() >= JUDGED_FRACTION * len(used)),
    }
    if not points["judged"]:
        return points

    def kept(energies_ev: np.ndarray) -> np.ndarray:
        return kcal_per_mol_from_ev(energies_ev[row][used])

    model, reference = kept(record.model_energies_ev), kept(record.reference_energies_ev)
    shifts = [
        kept(record.model_repeat_energies_ev) - model,
        kept(record.reference_repeat_energies_ev) - reference,
    ]
    lowest = int(np.argmin(reference))
    model, reference = model - model[lowest], reference - reference[lowest]
    if not np.isfinite(shifts[0]).all():
        # Energies that are not finite once the molecule is rotated cannot be used.
        model = np.full_like(model, np.nan)
    difference = model - reference
    barriers = float(np.ptp(model)), float(np.ptp(reference))
    # The two evaluations of a point differ by √2 of its noise, and what is judged is a difference
    # of two points, or less noisy: one standard error of it is their root mean square.
    noise = float(np.sqrt(sum(np.mean(shift**2) for shift in shifts)))
    return points | {
        "barrier_model_kcal_per_mol": barriers[0],
        "barrier_reference_kcal_per_mol": barriers[1],
        "barrier_error_kcal_per_mol": abs(barriers[0] - barriers[1]),
        "rms_difference_kcal_per_mol": float(np.std(difference)),
        "detection_limit_kcal_per_mol": 2.0 * noise,
        "angles_degrees": angles[used],
        "model_kcal_per_mol": model,
        "reference_kcal_per_mol": reference,
        "minima": [
            {
                "angle_degrees": float(angles[used][k]),
                "model_kcal_per_mol": float(model[k]),
                "reference_kcal_per_mol": float(reference[k]),
                "error_kcal_per_mol": float(abs(difference[k])),
            }
            for k in _minima(reference)
        ],
    }


def _minima(energies: np.ndarray) -> np.ndarray:
    """Return the indices of the local minima of a profile that closes upon itself."""
    lower = np.minimum(np.roll(energies, 1), np.roll(energies, -1))
    return np.flatnonzero(energies <= lower)
