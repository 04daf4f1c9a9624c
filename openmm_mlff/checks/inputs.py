"""How checks get at probes and runs; what is missing or broken is said before judging."""

import numpy as np

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations.model import Observations, ProbeObservations, RunObservations
from openmm_mlff.records import CheckResult, Status

JUDGED_FRACTION = 0.8
"""A check is judged on the points that were evaluated when they are at least this many of all."""

DTYPES = ("float32", "float64")
GPU_PLATFORMS = ("CUDA", "HIP", "Metal", "OpenCL")


def find_probe(
    spec: CheckSpec, observations: Observations, *, name: str
) -> ProbeObservations | CheckResult:
    """Look a probe up.

    Args:
        spec: the check that asks.
        observations: where to look.
        name: of the probe.

    Returns:
        The probe where it was done, else the check's result: SKIPPED where it was not run or was
        skipped, ERROR with the traceback where it broke.
    """
    probe = observations.probes.get(name)
    if probe is None:
        return spec.skipped(observations, reason=f"the probe {name!r} was not run")
    if probe.status == "done":
        return probe
    if probe.status == "skipped":
        return spec.skipped(observations, reason=_clause(probe.reason) or "no reason was recorded")
    reason = _clause(probe.reason) or f"its status is {probe.status!r}"
    return spec.error(
        observations, reason=f"the probe {name!r} broke: {reason}", traceback=probe.traceback
    )


def probe_array(
    probe: ProbeObservations, *, name: str, shape: tuple[int | None, ...]
) -> np.ndarray:
    """Give an array of a probe as float64, its shape checked.

    Args:
        probe: a probe that was done.
        name: of the array.
        shape: expected; None for an axis of any length but zero.

    Returns:
        float64 array of that shape.

    Raises:
        RunDirectoryError: missing, or of another shape.
    """
    if name not in probe.arrays:
        raise RunDirectoryError(
            f"the probe {probe.name!r} has no array {name!r}; it has {sorted(probe.arrays)}; "
            "run the validation again"
        )
    array = np.asarray(probe.arrays[name], dtype=float)
    fits = array.ndim == len(shape) and all(
        length == wanted if wanted is not None else length > 0
        for length, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise RunDirectoryError(
            f"array {name!r} of the probe {probe.name!r} has shape {array.shape}, expected {shape} "
            "(None: any but zero); run the validation again"
        )
    return array


def by_dtype(
    spec: CheckSpec, criteria: Criteria, *, probe: ProbeObservations, quantity: str
) -> Threshold:
    """Choose the threshold for the precision in which a probe evaluated.

    Args:
        spec: the check.
        criteria: with one threshold for each precision.
        probe: says its ``dtype``.
        quantity: what is compared; thresholds are named ``<quantity>_<dtype>``.

    Returns:
        The threshold.

    Raises:
        RunDirectoryError: the probe names no known precision.
    """
    dtype = probe.data.get("dtype")
    if dtype not in DTYPES:
        raise RunDirectoryError(
            f"the probe {probe.name!r} says dtype {dtype!r}, expected {' or '.join(DTYPES)}; "
            "run the validation again"
        )
    return spec.threshold(criteria, name=f"{quantity}_{dtype}")


def largest(array: np.ndarray) -> float:
    """Give the largest magnitude; NaN where anything is not finite."""
    return float(np.abs(array).max()) if np.isfinite(array).all() else float("nan")


def largest_norm(vectors: np.ndarray) -> float:
    """Give the largest length of vectors (..., 3); NaN where anything is not finite."""
    return largest(np.linalg.norm(vectors, axis=-1))


def interrupted(run: RunObservations) -> bool:
    """Whether a run stopped short without saying that it failed."""
    return run.failure is None and not run.survived


def unusable_runs(spec: CheckSpec, observations: Observations) -> CheckResult | None:
    """Say whether a check of energies or momenta can go ahead.

    Args:
        spec: the check.
        observations: with the replicas of one condition.

    Returns:
        None where every run may be looked at (it came to its end, or broke for the physics),
        else the check's result: SKIPPED without runs, ERROR where the code broke, INCONCLUSIVE
        where a run was interrupted.
    """
    if not observations.runs:
        return spec.skipped(observations, reason="no simulation was run")
    if any(run.condition.ensemble != "nve" for run in observations.runs):
        return spec.skipped(observations, reason="a thermostat exchanges energy; this needs NVE")
    return broken_run(spec, observations) or cut_short_run(spec, observations)


def broken_run(spec: CheckSpec, observations: Observations) -> CheckResult | None:
    """Give an ERROR with its traceback where the code of a simulation broke."""
    for run in observations.runs:
        if run.failure is not None and run.failure.kind != "unstable":
            return spec.error(
                observations,
                reason=f"the simulation {run.name} broke after {run.failure.time_ps:.3g} ps: "
                f"{_clause(run.failure.message)}",
                traceback=run.failure.traceback,
            )
    return None


def cut_short_run(spec: CheckSpec, observations: Observations) -> CheckResult | None:
    """Give an INCONCLUSIVE where a simulation was interrupted."""
    for run in observations.runs:
        if interrupted(run):
            return spec.inconclusive(
                observations,
                reason=f"the simulation {run.name} was interrupted after {run.completed_ps:.3g} "
                f"of {run.requested_ps:g} ps",
                evidence={"completed_ps": run.completed_ps, "requested_ps": run.requested_ps},
            )
    return None


def demand_survival(
    spec: CheckSpec, observations: Observations, *, result: CheckResult
) -> CheckResult:
    """Take a PASS back where a run broke: what it would have done later was not seen."""
    broken = [run for run in observations.runs if run.failure is not None]
    if result.status is not Status.PASS or not broken:
        return result
    first = min(broken, key=lambda run: run.completed_ps)
    return spec.inconclusive(
        observations,
        reason=f"the simulation {first.name} broke after {first.completed_ps:.3g} of "
        f"{first.requested_ps:g} ps, and nothing is known beyond",
        evidence=result.evidence,
    )


def reaches(time_ps: np.ndarray, *, end_ps: float) -> bool:
    """Whether a stream goes on to the end of its run, to within one and a half of its intervals."""
    if len(time_ps) == 0:
        return False
    interval_ps = time_ps[1] - time_ps[0] if len(time_ps) > 1 else time_ps[0]
    return bool(end_ps - time_ps[-1] <= 1.5 * interval_ps)


def finite_rows(*columns: np.ndarray) -> int:
    """Count the rows before the first that holds a number that is not finite.

    Args:
        *columns: (T,) or (T, ...), of equal length.

    Returns:
        Number of rows.
    """
    fine = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        fine &= np.isfinite(column).all(axis=tuple(range(1, column.ndim)))
    return len(fine) if fine.all() else int(np.argmin(fine))


def _clause(text: str) -> str:
    """Make a recorded reason fit into a sentence."""
    return text.strip().rstrip(".")
