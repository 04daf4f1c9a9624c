"""Base classes of the reporters: a fixed interval, and a CSV file."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from openmm_mlff.errors import ConfigError
from openmm_mlff.storage.streams import CsvStream


class IntervalReporter(ABC):
    """A reporter called at a fixed interval of steps.

    Attributes:
        includes: content of the State that it needs: positions, velocities, forces, energy.

    Raises:
        ConfigError: the interval is not a positive integer.
    """

    includes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, interval: int) -> None:
        if int(interval) != interval or interval < 1:
            raise ConfigError(f"reporter interval is {interval!r}; expected a whole number >= 1")
        self._interval = int(interval)

    def describeNextReport(self, simulation: Any) -> dict[str, Any]:  # noqa: N802
        """Return the steps to the next report and the required content of the State.

        Positions are never wrapped into the box, because a wrapped molecule may be split.
        """
        steps = self._interval - simulation.currentStep % self._interval
        return {"steps": steps, "periodic": False, "include": list(self.includes)}

    @abstractmethod
    def report(self, simulation: Any, state: Any) -> None:
        """Process one State."""


class CsvReporter(IntervalReporter):
    """A reporter that writes one row per report, without buffering.

    Args:
        file: path of the CSV file.
        interval: steps between two rows.
        resume_after_step: None starts a new file; otherwise rows up to this step are kept and later
            ones are dropped.

    Attributes:
        columns: header; the first is ``step``.
    """

    columns: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, file: str | Path, interval: int, *, resume_after_step: int | None = None
    ) -> None:
        super().__init__(interval)
        self._path = Path(file)
        self._stream = CsvStream(self._path, self.columns, resume_after_step=resume_after_step)

    def report(self, simulation: Any, state: Any) -> None:
        """Write one row."""
        self._stream.append(self._row(simulation, state))

    def sync(self) -> None:
        """Wait until all rows are on disk."""
        self._stream.sync()

    def close(self) -> None:
        """Close the file (idempotent)."""
        self._stream.close()

    def __del__(self) -> None:
        # Scripts do not close reporters; OpenMM's own reporters also close their files here.
        if hasattr(self, "_stream"):
            self._stream.close()

    @abstractmethod
    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        """Return one value per column."""
