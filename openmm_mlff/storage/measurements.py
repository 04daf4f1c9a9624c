"""Measurements of one system in a run folder: one JSON file each, with an NPZ file for arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.run_directory import read_arrays, read_json, write_arrays, write_json
from openmm_mlff.storage.typed import from_tables, to_tables

R = TypeVar("R")

MEASUREMENTS = "measurements"
"""Subfolder of a system's folder."""

SAME_AS = "same_as"
"""Key that holds the name of a shared measurement which a check judges unchanged."""

DONE: Final = "done"
NOT_APPLICABLE: Final = "not applicable"
SKIPPED: Final = "skipped"
ERROR: Final = "error"
MeasurementStatus = Literal["done", "not applicable", "skipped", "error"]


@dataclass(frozen=True)
class NotApplicable:
    """The check has no meaning for this system or potential.

    `reason` is one clause, e.g. "one atom has no orientation".
    """

    reason: str


@dataclass(frozen=True)
class Skipped:
    """A prerequisite is missing; a resumed run tries again.

    `reason` is one clause, e.g. "no simulation ran to its end".
    """

    reason: str


@dataclass(frozen=True)
class Measurement:
    """A stored measurement.

    Attributes:
        reason: why the status is not ``done``.
        data: plain values of the record.
        arrays: arrays of the record.
        cost: seconds and evaluations; empty for a link to a shared measurement.
    """

    name: str
    status: MeasurementStatus
    reason: str = ""
    traceback: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)

    def record(self, cls: type[R]) -> R:
        """Return the typed record.

        Raises:
            RunDirectoryError: the files do not hold a record of this class.
        """
        return from_tables(cls, self.data, self.arrays, origin=f"the measurement {self.name!r}")


class MeasurementStore:
    """The measurements in the folder of one system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / MEASUREMENTS

    def names(self) -> list[str]:
        """Return the names of all measurements, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def read(self, name: str) -> Measurement | None:
        """Read one measurement, or return None if it does not exist.

        Raises:
            RunDirectoryError: a file is damaged.
        """
        path = self._folder / f"{name}.json"
        if not path.exists():
            return None
        table = read_json(path)
        if link := table.get("data", {}).get(SAME_AS):
            shared = self.read(str(link))
            return None if shared is None else replace(shared, name=name, cost={})
        arrays = path.with_suffix(".npz")
        try:
            return Measurement(**table, arrays=read_arrays(arrays) if arrays.exists() else {})
        except (TypeError, RunDirectoryError) as error:
            raise RunDirectoryError(
                f"{path} is damaged ({error}); delete it and add --resume to measure it again"
            ) from error

    def write(
        self, name: str, value: Any, *, cost: Mapping[str, float] | None = None
    ) -> Measurement:
        """Write a record, a :class:`NotApplicable` or a :class:`Skipped`."""
        if isinstance(value, NotApplicable):
            return self._write(Measurement(name, NOT_APPLICABLE, reason=value.reason))
        if isinstance(value, Skipped):
            return self._write(Measurement(name, SKIPPED, reason=value.reason))
        data, arrays = to_tables(value)
        return self._write(Measurement(name, DONE, data=data, arrays=arrays, cost=cost or {}))

    def write_link(self, name: str, *, shared: str) -> None:
        """Write that a measurement is identical to the shared measurement `shared`."""
        self._write(Measurement(name, DONE, data={SAME_AS: shared}))

    def write_error(self, name: str, *, reason: str, traceback: str) -> None:
        """Write the error that ended a measurement."""
        self._write(Measurement(name, ERROR, reason=reason, traceback=traceback))

    def _write(self, measurement: Measurement) -> Measurement:
        path = self._folder / f"{measurement.name}.json"
        if measurement.arrays:
            write_arrays(path.with_suffix(".npz"), measurement.arrays)
        else:
            path.with_suffix(".npz").unlink(missing_ok=True)
        keys = ("name", "status", "reason", "traceback", "data", "cost")
        write_json(path, {key: getattr(measurement, key) for key in keys})
        return measurement
