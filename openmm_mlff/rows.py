"""CSV files that are extended row by row and can be truncated to a step."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.files import write_text


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
        if resume_after_step is None or not path.exists():
            write_text(path, ",".join(columns) + "\n")
        else:
            _truncate_csv(path, columns, last_step=resume_after_step)
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


def _whole_rows(path: Path, columns: Sequence[str], *, last_step: int) -> list[str]:
    """Return the complete rows up to a step."""
    text = path.read_text(encoding="utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines or lines[0] != ",".join(columns):
        raise RunDirectoryError(
            f"{path} has other columns than expected ({','.join(columns)}); "
            "start a new run directory"
        )
    rows = []
    for line in lines[1:]:
        fields = line.split(",")
        if len(fields) == len(columns) and fields[0].isdigit() and int(fields[0]) <= last_step:
            rows.append(line)
    return rows


def _truncate_csv(path: Path, columns: Sequence[str], *, last_step: int) -> None:
    """Keep the header and complete rows up to `last_step`."""
    rows = _whole_rows(path, columns, last_step=last_step)
    write_text(path, "\n".join([",".join(columns), *rows]) + "\n")


def check_csv(path: Path, columns: Sequence[str], *, last_step: int, interval: int) -> None:
    """Check that a file has every row, `interval` steps apart, from step 0 to `last_step`.

    Raises:
        RunDirectoryError: the file or a row is missing.
    """
    try:
        rows = _whole_rows(path, columns, last_step=last_step)
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(
            f"cannot read {path} ({error}); the run cannot be resumed: delete its folder"
        ) from error
    expected = last_step // interval + 1
    if [int(row.partition(",")[0]) for row in rows] != list(range(0, last_step + 1, interval)):
        raise RunDirectoryError(
            f"{path} holds {len(rows)} rows up to step {last_step}, expected {expected}; "
            "the run cannot be resumed: delete its folder"
        )


def read_csv(path: Path, columns: Sequence[str]) -> np.ndarray:
    """Read the complete rows of a CSV file as float64 (rows, columns).

    An empty or missing file has 0 rows; a truncated last row is dropped.
    """
    if not path.exists():
        return np.empty((0, len(columns)))
    rows = []
    text = path.read_text(encoding="utf-8")
    # Only a newline shows that the last number of a row is complete.
    for line in text[: text.rfind("\n") + 1].splitlines()[1:]:
        fields = line.split(",")
        if len(fields) == len(columns):
            rows.append([float(field) for field in fields])
    return np.array(rows, dtype=float).reshape(-1, len(columns))
