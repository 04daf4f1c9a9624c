"""CSV files that are extended row by row and can be truncated to a step."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.files import write_text

ENERGY_COLUMNS = ("step", "time_ps", "potential_eV", "kinetic_eV", "total_eV", "temperature_K")
MOMENTUM_COLUMNS = (
    "step",
    "time_ps",
    "px_amu_A_per_ps",
    "py_amu_A_per_ps",
    "pz_amu_A_per_ps",
    "lx_amu_A2_per_ps",
    "ly_amu_A2_per_ps",
    "lz_amu_A2_per_ps",
    "largest_force_eV_per_A",
)


class CsvStream:
    """A CSV file to which each row is written immediately.

    Args:
        path: of the file.
        columns: header.
        resume_after_step: None starts a new file; otherwise rows up to this step (first column) are
            kept and later ones are dropped.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], *, resume_after_step: int | None = None
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = []
        if resume_after_step is not None and path.exists():
            rows = _rows_up_to(path, columns, last_step=resume_after_step)
        lines = [",".join(row) + "\n" for row in [columns, *rows]]
        write_text(path, "".join(lines))
        self._file = path.open("ab", buffering=0)

    def append(self, row: Sequence[float | int]) -> None:
        """Write one row."""
        values = [str(value) if isinstance(value, int) else repr(float(value)) for value in row]
        line = (",".join(values) + "\n").encode()
        while line:
            # A nearly full disk accepts a part of the line; the next call raises the error.
            line = line[self._file.write(line) :]

    def sync(self) -> None:
        """Wait until all rows are on disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file (idempotent)."""
        self._file.close()


def check_csv(path: Path, columns: Sequence[str], *, last_step: int, interval: int) -> None:
    """Check that a file has every row, `interval` steps apart, from step 0 to `last_step`.

    Raises:
        RunDirectoryError: the file or a row is missing.
    """
    try:
        rows = _rows_up_to(path, columns, last_step=last_step)
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(
            f"cannot read {path} ({error}); the run cannot be resumed: delete its folder"
        ) from error
    expected = range(0, last_step + 1, interval)
    if [int(row[0]) for row in rows] != list(expected):
        raise RunDirectoryError(
            f"{path} holds {len(rows)} rows up to step {last_step}, expected {len(expected)}; "
            "the run cannot be resumed: delete its folder"
        )


def read_csv(path: Path, columns: Sequence[str]) -> np.ndarray:
    """Read the complete rows of a CSV file as float64 (rows, columns).

    An empty or missing file has 0 rows; a truncated last row is dropped.
    """
    rows = _complete_rows(path)[1:] if path.exists() else []
    whole = [row for row in rows if len(row) == len(columns)]
    return np.array(whole, dtype=float).reshape(-1, len(columns))


def _complete_rows(path: Path) -> list[list[str]]:
    """Return the fields of the header and of all rows that end with a newline."""
    # Only a newline shows that the last number of a row is complete.
    text = path.read_text(encoding="utf-8")
    return [line.split(",") for line in text[: text.rfind("\n") + 1].splitlines()]


def _rows_up_to(path: Path, columns: Sequence[str], *, last_step: int) -> list[list[str]]:
    """Return the complete rows up to a step."""
    header, *rows = _complete_rows(path) or [[]]
    if header != list(columns):
        raise RunDirectoryError(
            f"{path} does not have the expected columns ({','.join(columns)}); start a new run "
            "directory"
        )
    return [
        row
        for row in rows
        if len(row) == len(columns) and row[0].isdigit() and int(row[0]) <= last_step
    ]
