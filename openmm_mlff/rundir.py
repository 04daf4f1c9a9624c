"""The run directory, where running and judging meet: atomic files, append-only streams.

Layout::

    OUT/run.json                      what was asked, with what
    OUT/<system>/system.json          the molecule as it was run
    OUT/<system>/<run>/run.json       condition, progress, timing, failure of one simulation
    OUT/<system>/<run>/*.csv|dcd|xml  its streams
    OUT/<system>/probes/<name>.json   outcome of one probe, with <name>.npz for its arrays
"""

import errno
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.records import jsonable

RUN_FILE = "run.json"
SYSTEM_FILE = "system.json"
PROBES = "probes"

PART = ".part"
"""Ending of files that are being written; a kill may leave them."""

_STORAGE_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.ESTALE}
)

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


@contextmanager
def replacing(path: Path, *, keep_as: Path | None = None) -> Iterator[IO[bytes]]:
    """Open a file that takes another's place once it is whole and on the disk.

    Args:
        path: what is replaced.
        keep_as: where what was there goes; None drops it.

    Yields:
        The file to write to; nothing is replaced where that raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            # Else a power cut may leave the new name with nothing behind it.
            os.fsync(file.fileno())
        if keep_as is not None and path.exists():
            os.replace(path, keep_as)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, keep_as: Path | None = None) -> None:
    """Write a text file whole or not at all; what was there may be kept under another name."""
    with replacing(path, keep_as=keep_as) as file:
        file.write(text.encode())


def remove_parts(root: Path) -> None:
    """Remove what a kill left of files that were being written."""
    for path in root.rglob(f".*{PART}"):
        path.unlink(missing_ok=True)


def storage_failure(error: BaseException | None) -> OSError | None:
    """Find out whether an error comes from a disk that takes no more.

    Args:
        error: with what caused it.

    Returns:
        What the system said; None where it is another error.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _STORAGE_ERRORS:
            return error
        error = error.__cause__ or error.__context__
    return None


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all; numbers that are not finite become null."""
    write_text(path, json.dumps(jsonable(value), indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Returns:
        What the file holds.

    Raises:
        RunDirectoryError: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunDirectoryError(
            f"cannot read {path} ({error}); expected a file of a run directory"
        ) from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed ``.npz`` whole or not at all; the same arrays give the same bytes."""
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # NumPy's own writer puts the time of day into the file.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a ``.npz`` without unpickling anything."""
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


class CsvStream:
    """A CSV file that is written row by row, each at once; a break loses no earlier row.

    Args:
        path: the file.
        columns: its header.
        resume_after_step: None starts anew; otherwise rows up to this step (first column) are
            kept and the rest, written after the last saved state, is dropped.
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
            # A disk that is nearly full takes a part; the next call says why not more.
            line = line[self._file.write(line) :]

    def sync(self) -> None:
        """Wait until all rows are on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; twice does no harm."""
        self._file.close()


def _whole_rows(path: Path, columns: Sequence[str], *, last_step: int) -> list[str]:
    """Give the rows up to a step; a last one that was cut off is none."""
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
    """Keep the header and whole rows up to `last_step`."""
    rows = _whole_rows(path, columns, last_step=last_step)
    write_text(path, "\n".join([",".join(columns), *rows]) + "\n")


def check_csv(path: Path, columns: Sequence[str], *, last_step: int, interval: int) -> None:
    """See that a stream holds every row from step 0 up to that of a saved state.

    Args:
        path: the file.
        columns: its header.
        last_step: of the state.
        interval: steps between two rows.

    Raises:
        RunDirectoryError: it is missing, or rows are.
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
    """Read the whole rows of a CSV stream.

    Returns:
        float64 (rows, columns); (0, columns) for an empty or missing file.  A last row cut off by
        a crash is left out.
    """
    if not path.exists():
        return np.empty((0, len(columns)))
    rows = []
    text = path.read_text(encoding="utf-8")
    # A whole row ends in a newline; one cut off within its last number looks whole otherwise.
    for line in text[: text.rfind("\n") + 1].splitlines()[1:]:
        fields = line.split(",")
        if len(fields) == len(columns):
            rows.append([float(field) for field in fields])
    return np.array(rows, dtype=float).reshape(-1, len(columns))


def run_name(*, ensemble: str, temperature_kelvin: float, timestep_fs: float, replica: int) -> str:
    """Name a simulation's folder, e.g. ``nve_300K_0.5fs_r0``."""
    return f"{ensemble}_{temperature_kelvin:g}K_{timestep_fs:g}fs_r{replica}"


def molecule_to_json(molecule: MolecularSystem) -> dict[str, Any]:
    """Give a molecule as JSON."""
    return {
        "name": molecule.name,
        "atomic_numbers": molecule.atomic_numbers,
        "positions_angstrom": molecule.positions_angstrom,
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "source": molecule.source,
        "cell_angstrom": molecule.cell_angstrom,
    }


def molecule_from_json(table: Mapping[str, Any]) -> MolecularSystem:
    """Read what :func:`molecule_to_json` wrote."""
    cell = table.get("cell_angstrom")
    return MolecularSystem(
        name=table["name"],
        atomic_numbers=np.array(table["atomic_numbers"], dtype=np.int64),
        positions_angstrom=np.array(table["positions_angstrom"], dtype=float),
        charge=table["charge"],
        multiplicity=table["multiplicity"],
        source=table["source"],
        cell_angstrom=None if cell is None else np.array(cell, dtype=float),
    )


@dataclass(frozen=True)
class RunDirectory:
    """Paths of one validation's output.

    Attributes:
        root: its folder.
    """

    root: Path

    @classmethod
    def create(cls, root: Path) -> "RunDirectory":
        """Make the folder and see that it can be written.

        Returns:
            The run directory.

        Raises:
            RunDirectoryError: it cannot.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            write_text(root / ".writable", "")
            (root / ".writable").unlink()
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write to output folder {root} ({error.strerror}); "
                "choose another with --output"
            ) from error
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> "RunDirectory":
        """Open an existing run directory.

        Returns:
            The run directory.

        Raises:
            RunDirectoryError: there is none.
        """
        if not (root / RUN_FILE).is_file():
            raise RunDirectoryError(
                f"{root} is no run directory: it has no {RUN_FILE}; "
                "expected a folder that openmm-mlff validate wrote"
            )
        return cls(root)

    @property
    def figures(self) -> Path:
        """Folder of the figures."""
        return self.root / "figures"

    def system(self, name: str) -> Path:
        """Folder of one system."""
        return self.root / name

    def run(self, system: str, name: str) -> Path:
        """Folder of one simulation."""
        return self.root / system / name

    def system_names(self) -> list[str]:
        """Systems that were begun, in the order in which they were asked for."""
        names = read_json(self.root / RUN_FILE).get("systems", [])
        return [name for name in names if (self.root / name / SYSTEM_FILE).is_file()]

    def run_names(self, system: str) -> list[str]:
        """Simulations of a system, sorted."""
        return sorted(path.parent.name for path in self.system(system).glob(f"*/{RUN_FILE}"))

    def write_probe(
        self,
        system: str,
        name: str,
        *,
        data: Mapping[str, Any] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
        status: str = "done",
        reason: str = "",
        traceback: str = "",
    ) -> None:
        """Write the outcome of one probe.

        Args:
            system: name of the system.
            name: name of the probe.
            data: plain values.
            arrays: arrays, written beside it as ``.npz``.
            status: ``done``, ``skipped`` or ``error``.
            reason: why, when not done.
            traceback: of an error.
        """
        folder = self.system(system) / PROBES
        if arrays:
            write_arrays(folder / f"{name}.npz", arrays)
        record = {"probe": name, "status": status, "reason": reason, "traceback": traceback}
        write_json(folder / f"{name}.json", record | {"data": data or {}})

    def probe_path(self, system: str, name: str) -> Path:
        """Record of one probe."""
        return self.system(system) / PROBES / f"{name}.json"

    def probe_names(self, system: str) -> list[str]:
        """Probes of a system that left a record."""
        return sorted(path.stem for path in (self.system(system) / PROBES).glob("*.json"))

    def read_probe(self, system: str, name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Read one probe's record and arrays."""
        folder = self.system(system) / PROBES
        arrays_path = folder / f"{name}.npz"
        arrays = read_arrays(arrays_path) if arrays_path.exists() else {}
        return read_json(folder / f"{name}.json"), arrays
