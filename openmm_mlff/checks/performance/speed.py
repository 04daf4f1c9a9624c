"""Is it fast enough?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import GPU_PLATFORMS
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import FS_PER_PS

SECONDS_PER_DAY = 86400.0
MS_PER_SECOND = 1000.0
PS_PER_NS = 1000.0


def speed(observations: Observations, criteria: Criteria) -> CheckResult:
    """Take the median wall time of a step over all timed blocks of the simulations.

    Args:
        observations: with timed runs on one platform.
        criteria: ``gpu``, ``cpu`` (ms/step).

    Returns:
        PASS or FAIL by the slowest platform's limit; SKIPPED where nothing was timed.
    """
    timed = [run for run in observations.runs if len(run.ms_per_step_blocks)]
    if not timed:
        return SPEC.skipped(observations, reason="no simulation was timed")
    platforms = sorted({run.platform for run in timed})
    on_gpu = all(platform in GPU_PLATFORMS for platform in platforms)
    limit = SPEC.threshold(criteria, name="gpu" if on_gpu else "cpu")
    blocks = np.concatenate([run.ms_per_step_blocks for run in timed])
    fine = np.isfinite(blocks).all() and (blocks > 0.0).all()
    median = float(np.median(blocks)) if fine else float("nan")
    steps_per_day = SECONDS_PER_DAY * MS_PER_SECOND / median
    evidence = {
        "platforms": platforms,
        "blocks": len(blocks),
        "quartiles_ms_per_step": np.percentile(blocks, [25, 75]),
        "ns_per_day_by_timestep_fs": {
            f"{timestep_fs:g}": steps_per_day * timestep_fs / FS_PER_PS / PS_PER_NS
            for timestep_fs in sorted({run.condition.timestep_fs for run in timed})
        },
    }
    clause = f"a step on {' and '.join(platforms)} takes a median of"
    return SPEC.judged(observations, measures=[Measure(clause, median, limit)], evidence=evidence)


SPEC = CheckSpec(
    id="speed",
    group="performance",
    scope="system",
    title="Is it fast enough?",
    formula="median wall time of a step of the NVE runs, after warm-up",
    unit="ms/step",
    source="criterion of the published students",
    thresholds={"gpu": "ms/step", "cpu": "ms/step"},
    failure_mode="Production runs take longer than planned for; the physics is not affected.",
    remedy="Use a GPU or a smaller model, and see `openmm-mlff benchmark` for where the time goes.",
    function=speed,
)
