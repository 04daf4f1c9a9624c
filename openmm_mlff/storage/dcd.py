"""Read the complete frames of a DCD file, even if a crash truncated it.

MDTraj's DCD reader prints to the standard output from C and refuses a file without frames.
"""

import struct
from pathlib import Path

import numpy as np

from openmm_mlff.errors import RunDirectoryError

_MARKER_BYTES = 4
_HEADER_BYTES = 84
_CELL_BYTES = 6 * 8 + 2 * _MARKER_BYTES
_FIXED_ATOMS_AT = 4 + 4 * 8
_UNIT_CELL_AT = 4 + 4 * 10
"""Byte offsets in the CHARMM header of 4 characters and 20 integers."""

_MOST_HEADER_BYTES = 2**20
"""Of the header, its title of any number of lines, and the number of atoms."""


def read_dcd(path: Path) -> np.ndarray | None:
    """Read positions from a little-endian CHARMM DCD file, as written by OpenMM and MDTraj.

    Returns:
        float32 (F, N, 3), Å; None if the file is missing or has no complete frame.

    Raises:
        RunDirectoryError: the file is not such a DCD file.
    """
    layout = dcd_layout(path) if path.is_file() else None
    if layout is None:
        return None
    start, frame = layout
    data = path.read_bytes()
    n_frames = (len(data) - start) // frame.itemsize
    if n_frames == 0:
        return None
    frames = np.frombuffer(data, dtype=frame, count=n_frames, offset=start)
    axis_bytes = frame["x"].itemsize
    markers = [frames[f"{axis}_{side}"] for axis in "xyz" for side in ("begin", "end")]
    if any((marker != axis_bytes).any() for marker in markers):
        raise RunDirectoryError(
            f"{path} is damaged: its records are not {axis_bytes} bytes long; "
            "run the validation again"
        )
    return np.stack([frames["x"], frames["y"], frames["z"]], axis=-1)


def dcd_layout(path: Path) -> tuple[int, np.dtype] | None:
    """Return the offset of the first frame, in bytes, and the layout of each frame.

    None if the header is truncated.

    Raises:
        RunDirectoryError: the file is not a DCD file that :func:`read_dcd` reads.
    """
    with path.open("rb") as file:
        data = file.read(_MOST_HEADER_BYTES)
    records = []
    start = 0
    for _ in range(3):
        record = _record(data, start=start)
        if record is None:
            return None
        records.append(record)
        start += len(record) + 2 * _MARKER_BYTES
    header, _, atoms = records
    if len(header) != _HEADER_BYTES or header[:4] != b"CORD" or len(atoms) != 4:
        raise RunDirectoryError(
            f"{path} is not a DCD file in CHARMM's format; expected one of OpenMM's DCDReporter"
        )
    if struct.unpack_from("<i", header, _FIXED_ATOMS_AT)[0] != 0:
        raise RunDirectoryError(f"{path} has fixed atoms; expected every atom in every frame")
    has_cell = struct.unpack_from("<i", header, _UNIT_CELL_AT)[0] != 0
    return start, _frame_dtype(struct.unpack("<i", atoms)[0], has_cell=has_cell)


def _record(data: bytes, *, start: int) -> bytes | None:
    """Return the Fortran record at `start`, or None if it is truncated."""
    if len(data) < start + _MARKER_BYTES:
        return None
    length = struct.unpack_from("<i", data, start)[0]
    end = start + _MARKER_BYTES + length
    if length < 0 or len(data) < end + _MARKER_BYTES:
        return None
    return data[start + _MARKER_BYTES : end]


def _frame_dtype(n_atoms: int, *, has_cell: bool) -> np.dtype:
    """Return the layout of a frame: optional cell, then x, y and z, each between length markers."""
    names = ["cell"] if has_cell else []
    formats = [f"V{_CELL_BYTES}"] if has_cell else []
    for axis in "xyz":
        names += [f"{axis}_begin", axis, f"{axis}_end"]
        formats += ["<i4", f"({n_atoms},)<f4", "<i4"]
    return np.dtype({"names": names, "formats": formats})
