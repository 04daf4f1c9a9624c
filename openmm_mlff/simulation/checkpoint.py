"""Checkpoints, written often enough to lose little at negligible cost."""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openmm

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.potentials.serialised import deserialize
from openmm_mlff.storage.files import replacing

STATE_FILE = "state.xml"
PREVIOUS_FILE = "state.previous.xml"
"""Previous state: if a save is interrupted between replicas, all still have a state of one step."""

EQUILIBRATION_FILE = "equilibration.chk"
"""OpenMM's own checkpoint which, unlike a State, contains the random number state."""

SCHEMA_VERSION = 1

_LARGEST_SHARE = 0.01
"""Of the run time, spent on saving."""

_SEAL = re.compile(rb"<!-- openmm_mlff checkpoint (\d+) sha256 ([0-9a-f]{64}) -->\n\Z")


class Pace:
    """Measures the cost of saving."""

    def __init__(self) -> None:
        self._saved_at = 0.0
        self._cost_s = 0.0

    def __enter__(self) -> None:
        self._saved_at = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        start_s, self._saved_at = self._saved_at, time.perf_counter()
        self._cost_s = self._saved_at - start_s

    def is_due(self) -> bool:
        """Check whether saving costs less than 1 % of the time since the last save."""
        return time.perf_counter() - self._saved_at >= self._cost_s / _LARGEST_SHARE


def write_state(folder: Path, state: openmm.State, *, keep_as: Path | None = None) -> None:
    """Write `state.xml` atomically with a checksum; the XML is exact to the last bit.

    The previous file is moved to `keep_as`, if given.
    """
    body = openmm.XmlSerializer.serialize(state).encode()
    _write_sealed(folder / STATE_FILE, body, keep_as=keep_as)


def read_state(path: Path) -> openmm.State:
    """Read a file of :func:`write_state`.

    Raises:
        RunDirectoryError: the file is missing, damaged, or of another version.
    """
    with _resuming_from(path):
        return deserialize(read_sealed(path).decode(), expected="State")


def load_state(simulation: Any, folder: Path) -> None:
    """Set positions, velocities, time and step from `state.xml`.

    Raises:
        RunDirectoryError: the state is damaged or of another molecule.
    """
    path = folder / STATE_FILE
    state = read_state(path)
    with _resuming_from(path):
        simulation.context.setState(state)


def save_equilibration(simulation: Any, folder: Path) -> None:
    """Write positions, velocities, step and random number state of an equilibration."""
    _write_sealed(folder / EQUILIBRATION_FILE, simulation.context.createCheckpoint())


def load_equilibration(simulation: Any, folder: Path) -> None:
    """Resume an equilibration with the same setup, if one was saved.

    Raises:
        RunDirectoryError: the checkpoint is damaged, or of another machine or version.
    """
    path = folder / EQUILIBRATION_FILE
    if path.exists():
        with _resuming_from(path):
            simulation.context.loadCheckpoint(read_sealed(path))


def _write_sealed(path: Path, body: bytes, *, keep_as: Path | None = None) -> None:
    """Write a checkpoint and, at its end, its version and checksum."""
    seal = f"<!-- openmm_mlff checkpoint {SCHEMA_VERSION} sha256 {_sha256(body)} -->\n"
    with replacing(path, keep_as=keep_as) as file:
        file.write(body + seal.encode())


def read_sealed(path: Path) -> bytes:
    """Read a checkpoint without its checksum.

    Raises:
        RunDirectoryError: the file is missing, damaged, or of another version.
    """
    with _resuming_from(path):
        return _unsealed(path.read_bytes())


def _unsealed(content: bytes) -> bytes:
    """Return a checkpoint without its checksum.

    Raises:
        ValueError: it is damaged or of another version.
    """
    seal = _SEAL.search(content)
    if seal is None:
        raise ValueError("its end is missing")
    if int(seal[1]) != SCHEMA_VERSION:
        raise ValueError(
            f"it is of version {int(seal[1])}, but this program writes {SCHEMA_VERSION}"
        )
    body = content[: seal.start()]
    if _sha256(body) != seal[2].decode():
        raise ValueError("its contents were changed")
    return body


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@contextmanager
def _resuming_from(path: Path) -> Iterator[None]:
    """Convert errors of reading or using a checkpoint to one that names the remedy."""
    try:
        yield
    except (openmm.OpenMMException, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise RunDirectoryError(
            f"cannot resume from {path} ({reason}); delete the run's folder"
        ) from error
