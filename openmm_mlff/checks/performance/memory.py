"""How much memory does it take?"""

from openmm_mlff.checks.base import Judgement, skipped
from openmm_mlff.checks.inputs import check_of_runs
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Runs


def judge(record: Runs, limits: Limits) -> Judgement:
    """Report the peak memory of the simulations; there is no limit."""
    resident, device = (
        # A value that is not a number is never the largest.
        max([0.0, *(run.memory_mebibytes.get(name, 0.0) for run in record.runs)])
        for name in ("peak_resident", "peak_device")
    )
    if resident == 0.0:
        return skipped("no simulation measured its memory")
    on_device = f" and {device:.0f} MiB on the device" if device else ""
    return Judgement(
        Status.PASS,
        f"the simulation takes {resident:.0f} MiB at its peak{on_device}",
        value=resident,
        evidence={"peak_device_mebibytes": device} if device else {},
    )


CHECK = check_of_runs(
    __name__,
    formula="peak resident memory of the process and, on CUDA, peak device memory",
    unit="MiB",
    limits={},
    source="reported, not judged",
    consequence="The simulation may need more memory than the machine has.",
    remedy="Use a machine with more memory or a smaller model.",
)
