"""Does the molecule find its way back?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure, place
from openmm_mlff.checks.inputs import find_probe, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult, Status


def time_reversibility(observations: Observations, criteria: Criteria) -> CheckResult:
    """See how near to its start every atom comes when velocities are turned round half way.

    max |x_back − x_start| over atoms.  Leapfrog is exactly reversible for forces that depend on
    the positions alone; rounding grows with time, in large molecules exponentially.

    Args:
        observations: with the probe ``time_reversibility``.
        criteria: ``distance`` (Å).

    Returns:
        PASS where all come back; FAIL also where the run broke; INCONCLUSIVE where nothing had
        moved.
    """
    probe = find_probe(SPEC, observations, name="time_reversibility")
    if isinstance(probe, CheckResult):
        return probe
    limit = SPEC.threshold(criteria, name="distance")
    n_atoms = observations.system.n_atoms
    start = probe_array(probe, name="start_positions_angstrom", shape=(n_atoms, 3))
    far = probe_array(probe, name="far_positions_angstrom", shape=start.shape)
    back = probe_array(probe, name="back_positions_angstrom", shape=start.shape)
    steps = int(probe.data["steps"])
    travelled = largest_norm(far - start)
    evidence = {
        "dtype": probe.data["dtype"],
        "steps": steps,
        "timestep_fs": float(probe.data["timestep_fs"]),
        "farthest_angstrom": travelled,
        # What would not have been seen: an error that leaves all atoms within the limit.
        "detection_limit_angstrom": limit.value,
    }
    failure = str(probe.data["failure"]).strip().rstrip(".")
    if failure:
        return SPEC.result(
            observations,
            status=Status.FAIL,
            message=f"On {place(observations)}, the run broke: {failure}.",
            threshold=limit.value,
            evidence=evidence,
        )
    if travelled <= limit.value:
        reason = f"in {steps} steps no atom moved farther than {limit.value:g} Å"
        return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    with np.errstate(invalid="ignore"):
        evidence["distance_angstrom"] = np.linalg.norm(back - start, axis=1)
    clause = f"after {steps} steps on and {steps} back, atoms miss their start by up to"
    # Positions on the way that are not numbers must not hide behind a good end.
    missed = largest_norm(back - start) if np.isfinite(travelled) else float("nan")
    measure = Measure(clause, missed, limit)
    return SPEC.judged(observations, measures=[measure], evidence=evidence)


SPEC = CheckSpec(
    id="time_reversibility",
    group="dynamics",
    scope="system",
    title="Does the molecule find its way back?",
    formula="max |x_back − x_start| after n steps on and, with velocities turned round, n back",
    unit="Å",
    source="leapfrog is time-reversible; healthy float32 students come back to 1e-6 Å",
    thresholds={"distance": "Å"},
    failure_mode="Forces depend on more than the positions (randomness, memory of earlier calls, "
    "a thermostat left on), or rounding is so rough that trajectories lose their past.",
    remedy="Look at `determinism` first; then take thermostats and barostats out of the System, "
    "and evaluate in float64.",
    function=time_reversibility,
    probes=("time_reversibility",),
)
