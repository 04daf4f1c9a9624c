"""How much memory does it take?"""

import math

from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult, Status


def memory(observations: Observations, criteria: Criteria) -> CheckResult:
    """Report the peak memory of the simulations; it is not judged.

    Args:
        observations: with runs that measured their memory.
        criteria: not used.

    Returns:
        PASS where it was measured, else SKIPPED.
    """
    peaks: dict[str, float] = {}
    for run in observations.runs:
        for name, mebibytes in run.memory_mebibytes.items():
            if math.isfinite(mebibytes) and mebibytes > 0.0:
                peaks[name] = max(mebibytes, peaks.get(name, 0.0))
    resident = peaks.get("peak_resident")
    if resident is None:
        return SPEC.skipped(observations, reason="no simulation measured its memory")
    device = peaks.get("peak_device")
    on_device = "" if device is None else f" and {device:.0f} MiB on the device"
    return SPEC.result(
        observations,
        status=Status.PASS,
        message=f"On {place(observations)}, the simulation takes {resident:.0f} MiB at its "
        f"peak{on_device}.",
        value=resident,
        evidence={f"{name}_mebibytes": value for name, value in peaks.items()},
    )


SPEC = CheckSpec(
    id="memory",
    group="performance",
    scope="system",
    title="How much memory does it take?",
    formula="peak resident memory of the process and, on CUDA, peak device memory",
    unit="MiB",
    source="reported, not judged",
    thresholds={},
    failure_mode="The simulation may not fit into the machine.",
    remedy="Use a machine with more memory or a smaller model.",
    function=memory,
)
