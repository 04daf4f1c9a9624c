"""Does turning a bond cost what the reference says?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import JUDGED_FRACTION, find_probe, probe_array
from openmm_mlff.checks.statistics import compare_with_interval
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import kcal_per_mol_from_ev


def torsion_profile(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the barrier to rotation about each bond, on geometries that the reference relaxed.

    Barrier = max E − min E over the angles; both potentials are asked about the same geometries.

    Args:
        observations: with the probe ``torsion_profile``.
        criteria: ``barrier`` (kcal/mol).

    Returns:
        PASS where every barrier is right, FAIL where one is wrong; INCONCLUSIVE where a bond has
        less than four fifths of its points, or noise could turn the answer.
    """
    limit = SPEC.threshold(criteria, name="barrier")
    probe = find_probe(SPEC, observations, name="torsion_profile")
    if isinstance(probe, CheckResult):
        return probe
    bonds, reference = list(probe.data["bonds"]), str(probe.data["reference"])
    profiles = _profiles(probe, bonds=bonds)
    evidence = {
        "reference": reference,
        "profiles": profiles,
        **{name: probe.data[name] for name in (*_COUNTS, "reasons")},
    }
    judged = [profile for profile in profiles if profile["judged"]]
    decided = [
        compare_with_interval(
            profile["barrier_error_kcal_per_mol"],
            half_width=profile["detection_limit_kcal_per_mol"],
            threshold=limit.value,
        )
        for profile in judged
    ]
    if Status.FAIL not in decided:
        reason = _undecided(profiles, decided=decided, judged=judged, limit=limit.value)
        if reason:
            return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    measures = [
        Measure(
            f"turning {profile['bond']} costs {profile['barrier_model_kcal_per_mol']:.3g} kcal/mol "
            f"against {profile['barrier_reference_kcal_per_mol']:.3g} by {reference}, a difference "
            "of",
            profile["barrier_error_kcal_per_mol"],
            limit,
        )
        for profile in judged
    ]
    return SPEC.judged(observations, measures=measures, evidence=evidence)


_COUNTS = ("requested", "reference_refused", "unconverged", "bonds_changed", "model_refused")


def _undecided(
    profiles: list[dict[str, Any]],
    *,
    decided: list[Status],
    judged: list[dict[str, Any]],
    limit: float,
) -> str:
    """Say why nothing can be concluded; empty where every bond is decided."""
    for profile in profiles:
        if not profile["judged"]:
            return (
                f"{profile['points_used']} of {profile['points']} points of the rotation about "
                f"{profile['bond']} could be used, and four fifths are the fewest"
            )
    for profile, status in zip(judged, decided, strict=True):
        if status is Status.INCONCLUSIVE:
            return (
                f"the barrier about {profile['bond']} is off by "
                f"{profile['barrier_error_kcal_per_mol']:.3g} ± "
                f"{profile['detection_limit_kcal_per_mol']:.2g} kcal/mol, on either side of the "
                f"limit of {limit:g} kcal/mol"
            )
    return "" if judged else "no bond was turned"


def _profiles(probe: ProbeObservations, *, bonds: list[str]) -> list[dict[str, Any]]:
    """Work each bond's profile out; energies in kcal/mol from the reference's lowest point."""
    angles = probe_array(probe, name="angles_degrees", shape=(len(bonds), None))
    arrays = {
        name: probe_array(probe, name=name, shape=angles.shape)
        for name in (
            "used",
            "model_energies_ev",
            "model_repeat_energies_ev",
            "reference_energies_ev",
            "reference_repeat_energies_ev",
        )
    }
    return [
        _profile(
            bond,
            angles=angles[index],
            used=arrays["used"][index] > 0.0,
            energies={
                name: kcal_per_mol_from_ev(array[index])
                for name, array in arrays.items()
                if name != "used"
            },
        )
        for index, bond in enumerate(bonds)
    ]


def _profile(
    bond: str, *, angles: np.ndarray, used: np.ndarray, energies: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    points = {
        "bond": bond,
        "points": len(used),
        "points_used": int(used.sum()),
        "judged": bool(used.any() and used.sum() >= JUDGED_FRACTION * len(used)),
    }
    if not points["judged"]:
        return points
    model, reference = (
        energies[name][used] for name in ("model_energies_ev", "reference_energies_ev")
    )
    shifts = [
        energies["model_repeat_energies_ev"][used] - model,
        energies["reference_repeat_energies_ev"][used] - reference,
    ]
    difference = model - reference
    if not np.isfinite(shifts[0]).all():
        # Numbers that vanish when the molecule is turned are none.
        model = np.full_like(model, np.nan)
    barriers = float(np.ptp(model)), float(np.ptp(reference))
    # The two evaluations of a point differ by √2 of its noise, and a barrier is a difference of two
    # points: one standard error of it is the root mean square of those differences.
    noise = float(np.sqrt(sum(np.mean(shift**2) for shift in shifts)))
    return points | {
        "barrier_model_kcal_per_mol": barriers[0],
        "barrier_reference_kcal_per_mol": barriers[1],
        "barrier_error_kcal_per_mol": abs(barriers[0] - barriers[1]),
        "rms_difference_kcal_per_mol": float(
            np.sqrt(np.mean((difference - difference.mean()) ** 2))
        ),
        "detection_limit_kcal_per_mol": 2.0 * noise,
        "angles_degrees": angles[used],
        "model_kcal_per_mol": model - model.min(),
        "reference_kcal_per_mol": reference - reference.min(),
    }


SPEC = CheckSpec(
    id="torsion_profile",
    group="accuracy",
    scope="system",
    title="Does turning a bond cost what the reference says?",
    formula="|(max E − min E) − (max E_ref − min E_ref)| over one turn of each rotatable bond, "
    "geometries relaxed by the reference at a fixed dihedral angle",
    unit="kcal/mol",
    source="mlipaudit's TorsionNet benchmark; 1 kcal/mol is 1.7 kT at 300 K, a factor of five in a "
    "rate",
    thresholds={"barrier": "kcal/mol"},
    failure_mode="Conformers appear in the wrong proportions and change over too often or never; "
    "that decides how a drug binds or a chain folds.",
    remedy="Add geometries along the rotation of the bond named, relaxed and labelled by the "
    "reference, to the training data.",
    function=torsion_profile,
    probes=("torsion_profile",),
)
