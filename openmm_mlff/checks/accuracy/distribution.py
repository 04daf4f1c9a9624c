"""Are the atoms as far apart as the reference's own dynamics has them?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status

BIN_ANGSTROM = 0.05

FEWEST_SAMPLES = 20
"""Ten in each half of a run; fewer say nothing about its noise."""

_SETTINGS = (
    "temperature_kelvin",
    "timestep_fs",
    "friction_per_ps",
    "equilibration_ps",
    "duration_ps",
)


def distribution(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the distances between atoms in two Langevin runs made in the same way.

    MAE = ∫ |h(r) − h_ref(r)| dr, with h(r) the distribution of the distances of all pairs of atoms
    over all samples, ∫ h dr = 1 (Fu et al., "Forces are not enough", TMLR 2023).  It is 2 where the
    two have no distance in common.  The two halves of one run differ by noise alone; two whole runs
    differ by 1/√2 of that.

    Args:
        observations: with the probes ``kinetic_distribution`` (the potential's samples) and
            ``distribution`` (the reference's).
        criteria: ``mae`` (ratio).

    Returns:
        PASS where MAE and noise both lie below the threshold (noise can only add to the mean of an
        absolute value, so that a small MAE is not small by chance), FAIL where MAE less noise lies
        above, else INCONCLUSIVE.
    """
    limit = SPEC.threshold(criteria, name="mae")
    own = find_probe(SPEC, observations, name="kinetic_distribution")
    if isinstance(own, CheckResult):
        return own
    asked = find_probe(SPEC, observations, name="distribution")
    if isinstance(asked, CheckResult):
        return asked
    samples = _samples(observations, own=own, asked=asked)
    if isinstance(samples, CheckResult):
        return samples
    model, ideal = samples
    return _judged(
        observations, limit, model=model, ideal=ideal, reference=str(asked.data["reference"])
    )


def _samples(
    observations: Observations, *, own: ProbeObservations, asked: ProbeObservations
) -> tuple[np.ndarray, np.ndarray] | CheckResult:
    """Give the samples of both, or say why there is nothing to compare."""
    unstable = str(own.data.get("failure", "")).strip().rstrip(".")
    if unstable:
        message = f"On {place(observations)}, the potential's Langevin run broke off: {unstable}."
        return SPEC.result(observations, status=Status.FAIL, message=message)
    reference = str(asked.data["reference"])
    failure = str(asked.data.get("failure", "")).strip().rstrip(".")
    if failure:
        reason = f"the run of {reference} broke off: {failure}"
        return SPEC.inconclusive(observations, reason=reason)
    unlike = [name for name in _SETTINGS if own.data.get(name) != asked.data.get(name)]
    if unlike:
        reason = f"the two runs were not made alike: they differ in {', '.join(unlike)}"
        return SPEC.inconclusive(observations, reason=reason)
    shape = (None, observations.system.n_atoms, 3)
    model = probe_array(own, name="positions_angstrom", shape=shape)
    ideal = probe_array(asked, name="positions_angstrom", shape=shape)
    if not np.isfinite(model).all():
        message = f"On {place(observations)}, the potential's samples hold positions that are not "
        return SPEC.result(observations, status=Status.FAIL, message=message + "finite numbers.")
    if not np.isfinite(ideal).all():
        reason = f"the samples of {reference} hold positions that are not finite numbers"
        return SPEC.inconclusive(observations, reason=reason)
    if min(len(model), len(ideal)) < FEWEST_SAMPLES:
        reason = (
            f"there are {len(model)} samples of the potential and {len(ideal)} of {reference}, "
            f"and {FEWEST_SAMPLES} of each are the fewest"
        )
        return SPEC.inconclusive(observations, reason=reason)
    return model, ideal


def _judged(
    observations: Observations,
    limit: Threshold,
    *,
    model: np.ndarray,
    ideal: np.ndarray,
    reference: str,
) -> CheckResult:
    distances = pair_distances(model), pair_distances(ideal)
    bins = 1 + int(max(found.max() for found in distances) / BIN_ANGSTROM)
    densities = [distance_density(found, bins=bins) for found in distances]
    mae = _difference(*densities)
    halves = [
        _difference(*(distance_density(half, bins=bins) for half in np.array_split(found, 2)))
        for found in distances
    ]
    noise = max(halves) / np.sqrt(2.0)
    if max(mae, noise) <= limit.value:
        status = Status.PASS
    else:
        status = Status.FAIL if mae - noise > limit.value else Status.INCONCLUSIVE
    side = {Status.PASS: "below", Status.FAIL: "above"}.get(status, "too noisy to compare with")
    return SPEC.result(
        observations,
        status=status,
        message=f"On {place(observations)}, the distances between atoms are distributed otherwise "
        f"than in a run of {reference} by {mae:.3g} ± {noise:.2g} (2 is most), {side} the limit of "
        f"{limit.value:g}.",
        value=mae,
        threshold=limit.value,
        evidence={
            "reference": reference,
            "detection_limit": noise,
            "model_halves": halves[0],
            "reference_halves": halves[1],
            "samples": [len(model), len(ideal)],
            "bin_angstrom": BIN_ANGSTROM,
            "distances_angstrom": (np.arange(bins) + 0.5) * BIN_ANGSTROM,
            "model_density_per_angstrom": densities[0],
            "reference_density_per_angstrom": densities[1],
        },
    )


def pair_distances(positions_angstrom: np.ndarray) -> np.ndarray:
    """Measure the distances of all pairs of atoms.

    Args:
        positions_angstrom: (S, N, 3), Å.

    Returns:
        (S, N (N − 1) / 2), Å.
    """
    first, second = np.triu_indices(positions_angstrom.shape[1], k=1)
    return np.linalg.norm(positions_angstrom[:, first] - positions_angstrom[:, second], axis=-1)


def distance_density(distances_angstrom: np.ndarray, *, bins: int) -> np.ndarray:
    """Count distances in bins of 0.05 Å and make their integral 1.

    Args:
        distances_angstrom: of any shape, Å, all below the end of the last bin.
        bins: how many, from 0 Å.

    Returns:
        (bins,), 1/Å.
    """
    indices = (distances_angstrom.ravel() / BIN_ANGSTROM).astype(int)
    counts = np.bincount(indices, minlength=bins)
    return counts / (counts.sum() * BIN_ANGSTROM)


def _difference(density: np.ndarray, other: np.ndarray) -> float:
    return float(np.sum(np.abs(density - other)) * BIN_ANGSTROM)


SPEC = CheckSpec(
    id="distribution",
    group="accuracy",
    scope="system",
    title="Are the atoms as far apart as in the reference's own dynamics?",
    formula="∫ |h(r) − h_ref(r)| dr, h(r) the distribution of all interatomic distances",
    unit="ratio",
    source="Fu et al. 2023, Forces are not enough (MDsim); the limit is our choice: at 0.2, a "
    "tenth of the most, one distance in ten is where the reference has none",
    thresholds={"mae": "ratio"},
    failure_mode="The molecule spends its time in other shapes than the reference's: averages "
    "over the trajectory are those of another substance, however small the force errors.",
    remedy="See in the evidence at which distances the two differ, and add such geometries, "
    "labelled by the reference, to the training data.",
    function=distribution,
    probes=("kinetic_distribution", "distribution"),
)
