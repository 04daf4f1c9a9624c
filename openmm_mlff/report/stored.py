"""Stored measurement records for figures; missing or damaged records are not drawn."""

from typing import TypeVar

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence

R = TypeVar("R")


def stored_record(evidence: Evidence, name: str, cls: type[R]) -> R | None:
    """Return the record of a measurement; None where it is missing or of another class."""
    measurement = evidence.measurements.get(name)
    if measurement is None or measurement.status != DONE:
        return None
    try:
        return measurement.record(cls)
    except RunDirectoryError:
        return None
