"""How much memory does it take?"""

import math

from openmm_mlff.checks.base import Judgement, skipped
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Runs


def judge(record: Runs, limits: Limits) -> Judgement:
    """Report the peak memory of the simulations; there is no limit."""
    peaks: dict[str, float] = {}
    for run in record.runs:
        for name, mebibytes in run.memory_mebibytes.items():
            if math.isfinite(mebibytes) and mebibytes > 0.0:
                peaks[name] = max(mebibytes, peaks.get(name, 0.0))
    if "peak_resident" not in peaks:
        return skipped("no simulation measured its memory")
    on_device = (
        f" and {peaks['peak_device']:.0f} MiB on the device" if "peak_device" in peaks else ""
    )
    return Judgement(
        Status.PASS,
        f"the simulation takes {peaks['peak_resident']:.0f} MiB at its peak{on_device}",
        value=peaks["peak_resident"],
        evidence={f"{name}_mebibytes": value for name, value in peaks.items()},
    )


CHECK = check_of_runs(
    id="memory",
    group="performance",
    question="How much memory does it take?",
    formula="peak resident memory of the process and, on CUDA, peak device memory",
    unit="MiB",
    limits={},
    source="reported, not judged",
    consequence="The simulation may need more memory than the machine has.",
    remedy="Use a machine with more memory or a smaller model.",
    judge=judge,
)
