"""Do trajectories return to their start when the velocities are reversed?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import NO_START, fields, largest_norm
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record


@record
class Record:
    """Positions of a run whose velocities were reversed half-way; NaN from where it broke."""

    start_positions_angstrom: np.ndarray = array("N", 3)
    far_positions_angstrom: np.ndarray = array("N", 3)
    back_positions_angstrom: np.ndarray = array("N", 3)
    steps: int  # in each direction
    timestep_fs: float
    dtype: str  # precision of the weights
    failure: str = ""  # why it broke off; empty where it did not


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Run forward and back, from the end of a simulation."""
    if subject.asked.n_atoms < 2:
        return NotApplicable("one atom has no internal motion to reverse")
    start = subject.experiments.start()
    if start is None:
        return Skipped(NO_START)
    steps, timestep_fs = subject.spec.reversal_steps, subject.timestep_fs
    far, back, failure = subject.experiments.run_forward_and_back(
        start, timestep_fs=timestep_fs, steps=steps
    )
    return Record(
        start_positions_angstrom=start.positions_angstrom,
        far_positions_angstrom=far,
        back_positions_angstrom=back,
        steps=steps,
        timestep_fs=timestep_fs,
        dtype=subject.dtype,
        failure=failure,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest distance of an atom from its start with ``distance`` (Å).

    Leapfrog is exactly reversible for forces that depend on the positions alone; rounding errors
    grow with time, in large molecules exponentially.
    """
    limit, start = limits["distance"], record.start_positions_angstrom
    travelled = largest_norm(record.far_positions_angstrom - start)
    missed = record.back_positions_angstrom - start
    evidence = fields(record, "dtype", "steps", "timestep_fs") | {"farthest_angstrom": travelled}
    if record.failure:
        clause = f"the run failed: {record.failure}"
        return Judgement(Status.FAIL, clause, threshold=limit.value, evidence=evidence)
    if travelled <= limit.value:
        reason = f"in {record.steps} steps no atom moved farther than {limit.value:g} Å"
        return inconclusive(reason, evidence=evidence)
    clause = (
        f"after {record.steps} steps forward and {record.steps} back, the largest distance of an "
        "atom from its start is"
    )
    # It fails where positions on the way are not finite, even if the end is good.
    distance = largest_norm(missed) if np.isfinite(travelled) else float("nan")
    evidence["distance_angstrom"] = np.linalg.norm(missed, axis=1)
    return judged([Measure(clause, distance, limit)], evidence=evidence)


CHECK = define(
    __name__,
    formula="max |x_back − x_start| after n steps forward and, with velocities reversed, n back",
    source="leapfrog is time-reversible; healthy float32 students return to 1e-6 Å",
    limits={"distance": "Å"},
    consequence="Forces depend on more than the positions (randomness, memory of earlier calls, "
    "a thermostat left on), or rounding is so coarse that trajectories cannot be reversed.",
    remedy="Look at `determinism` first; then remove thermostats and barostats from the System, "
    "and evaluate in float64.",
    needs=("minimum", "trajectories"),
)
