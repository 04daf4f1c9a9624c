"""Is it fast enough?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.config import Limits
from openmm_mlff.storage.runs import Runs
from openmm_mlff.units import ns_per_day


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare the median wall time of a step, over all timed blocks, with its limit.

    Other programs on the processor decide nothing: where the processor time alone is within the
    limit, so may the wall time be on an idle machine.
    """
    timed = [run for run in record.runs if len(run.ms_per_step_blocks)]
    if not timed:
        return inconclusive("the simulations were too short to be timed")
    platforms = " and ".join(sorted({run.platform for run in timed}))
    on_gpu = all(run.on_gpu for run in timed)
    limit = limits["gpu" if on_gpu else "cpu"]
    blocks = np.concatenate([run.ms_per_step_blocks for run in timed])
    fine = np.isfinite(blocks).all() and (blocks > 0.0).all()
    median = float(np.median(blocks)) if fine else float("nan")
    measure = Measure(f"a step on {platforms} takes a median of", median, limit)
    evidence = {
        "blocks": len(blocks),
        "quartiles_ms_per_step": np.percentile(blocks, [25, 75]),
        "ns_per_day_by_timestep_fs": {
            f"{timestep_fs:g}": ns_per_day(median, timestep_fs=timestep_fs)
            for timestep_fs in sorted({run.condition.timestep_fs for run in timed})
        },
    }
    on_cpu = np.concatenate([run.cpu_ms_per_step_blocks for run in timed])
    if not on_gpu and len(on_cpu) and median > limit.value >= np.median(on_cpu):
        busy = f"its process had the processor for {np.median(on_cpu):.3g} ms of them"
        reason = (
            f"{measure.text()}, and {busy}: run it while nothing else runs, unless the potential "
            "waits for another program"
        )
        return inconclusive(reason, evidence=evidence)
    return judged([measure], evidence=evidence)


CHECK = check_of_runs(
    __name__,
    formula="median wall time of a step of the NVE runs, after warm-up",
    limits={"gpu": "ms/step", "cpu": "ms/step"},
    source="criterion of the published students",
    consequence="Production runs take longer than planned for; the physics is not affected.",
    remedy="Use a GPU or a smaller model; `openmm-mlff benchmark` shows where the time goes.",
)
