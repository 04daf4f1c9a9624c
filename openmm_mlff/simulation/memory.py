"""Memory in use during a run."""

import sys

import psutil

from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.units import MEBIBYTE


def update_memory(record: TrajectoryRecord) -> None:
    """Update the peaks in a record from the current memory use.

    The peak of the whole process may stem from something before the run.
    """
    record.peak_resident_mebibytes = max(record.peak_resident_mebibytes, resident_mebibytes())
    if record.platform == "CUDA":
        device = _device_mebibytes()
        if device is not None:
            record.peak_device_mebibytes = max(record.peak_device_mebibytes or 0.0, device)


def resident_mebibytes() -> float:
    """Return the resident memory of this process."""
    return psutil.Process().memory_info().rss / MEBIBYTE


def _device_mebibytes() -> float | None:
    """Return the memory in use on the CUDA device by any process; torch does not count OpenMM's."""
    # torch is not imported for a potential that does not use it.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info()
    return (total - free) / MEBIBYTE
