"""Records of measurements as figures need them; what is missing or damaged is not drawn."""

from typing import TypeVar

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence

R = TypeVar("R")


def stored_record(evidence: Evidence, name: str, cls: type[R]) -> R | None:
    """Return the record of a measurement.

    Args:
        evidence: of one system.
        name: of the measurement.
        cls: class of the record.

    Returns:
        The record; None where the measurement was not done or its files hold something else.
    """
    measurement = evidence.measurements.get(name)
    if measurement is None or measurement.status != DONE:
        return None
    try:
        return measurement.record(cls)
    except RunDirectoryError:
        return None
