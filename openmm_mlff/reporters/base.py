"""What all reporters share: OpenMM's contract of two methods, and a CSV file behind it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from openmm_mlff.errors import ConfigError
from openmm_mlff.rundir import CsvStream


class IntervalReporter(ABC):
    """A reporter that is called every so many steps.

    Args:
        interval: steps between two reports.

    Attributes:
        includes: what it asks OpenMM for: positions, velocities, forces, energy.  Reporters that
            are due at one step share one State.

    Raises:
        ConfigError: the interval is no positive whole number.
    """

    includes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, interval: int) -> None:
        if int(interval) != interval or interval < 1:
            raise ConfigError(f"reporter interval is {interval!r}; expected a whole number >= 1")
        self._interval = int(interval)

    def describeNextReport(self, simulation: Any) -> dict[str, Any]:  # noqa: N802
        """Tell OpenMM when the next report is due and what it needs.

        Args:
            simulation: the ``openmm.app.Simulation``.

        Returns:
            Steps to go, whether positions are to be wrapped into the box (never: a wrapped
            molecule may lie in two pieces), and what the State has to hold.
        """
        steps = self._interval - simulation.currentStep % self._interval
        return {"steps": steps, "periodic": False, "include": list(self.includes)}

    @abstractmethod
    def report(self, simulation: Any, state: Any) -> None:
        """Look at one State."""


class CsvReporter(IntervalReporter):
    """A reporter that writes one flushed row a report.

    Args:
        file: path of the CSV file.
        interval: steps between two rows.
        resume_after_step: None starts the file anew; otherwise rows up to this step are kept and
            later ones, written after the State that is resumed from, are dropped.

    Attributes:
        columns: header of the file; the first is ``step``.
    """

    columns: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, file: str | Path, interval: int, *, resume_after_step: int | None = None
    ) -> None:
        super().__init__(interval)
        self._stream = CsvStream(Path(file), self.columns, resume_after_step=resume_after_step)

    def report(self, simulation: Any, state: Any) -> None:
        """Write one row."""
        self._stream.append(self._row(simulation, state))

    def sync(self) -> None:
        """Wait until all rows are on the disk."""
        self._stream.sync()

    def close(self) -> None:
        """Close the file; twice does no harm."""
        self._stream.close()

    def __del__(self) -> None:
        # Scripts do not close reporters; OpenMM's own close their files here, too.
        if hasattr(self, "_stream"):
            self._stream.close()

    @abstractmethod
    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        """Give one value a column."""
