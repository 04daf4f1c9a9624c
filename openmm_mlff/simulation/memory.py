"""Memory in use, looked at while a run is under way."""

import sys

import psutil

from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.units import MEBIBYTE


def update_memory(record: TrajectoryRecord) -> None:
    """Raise the peaks in a record to what is in use now.

    Looked at during the run, and not the process's own peak, which may stem from something that
    ran before.
    """
    record.peak_resident_mebibytes = max(record.peak_resident_mebibytes, resident_mebibytes())
    if record.platform == "CUDA":
        device = _device_mebibytes()
        if device is not None:
            record.peak_device_mebibytes = max(record.peak_device_mebibytes or 0.0, device)


def resident_mebibytes() -> float:
    """Resident memory of this process."""
    return psutil.Process().memory_info().rss / MEBIBYTE


def _device_mebibytes() -> float | None:
    """Memory in use on the CUDA device, by whomever: OpenMM's lies outside torch's own count."""
    # A potential without torch is no reason to load it.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    free, total = torch.cuda.mem_get_info()
    return (total - free) / MEBIBYTE
