"""Read the complete frames of a DCD file, even if a crash truncated it.

MDTraj's DCD reader prints to the standard output from C and refuses a file without frames.
"""

import struct
from pathlib import Path

import numpy as np

from openmm_mlff.errors import RunDirectoryError

_START = struct.pack("<i4s", 84, b"CORD")
_CELL_BYTES = 6 * 8 + 2 * 4
_FIXED_ATOMS_AT = 4 + 4 * 8
_UNIT_CELL_AT = 4 + 4 * 10
"""Byte offsets in the CHARMM header of 4 characters and 20 integers."""


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
    from scipy.io import FortranEOFError, FortranFile, FortranFormattingError

    other = RunDirectoryError(
        f"{path} is not a DCD file in CHARMM's format; expected one of OpenMM's DCDReporter"
    )
    with path.open("rb") as file:
        if not _START.startswith(file.read(len(_START))):
            raise other
        file.seek(0)
        records = FortranFile(file, header_dtype="<u4")
        try:
            header, _, atoms = (records.read_record("u1").tobytes() for _ in range(3))
        except (FortranEOFError, FortranFormattingError):
            return None
        except ValueError as error:
            raise other from error
        start = file.tell()
    if struct.unpack_from("<i", header, _FIXED_ATOMS_AT)[0] != 0:
        raise RunDirectoryError(f"{path} has fixed atoms; expected every atom in every frame")
    has_cell = struct.unpack_from("<i", header, _UNIT_CELL_AT)[0] != 0
    return start, _frame_dtype(struct.unpack("<i", atoms)[0], has_cell=has_cell)


def _frame_dtype(n_atoms: int, *, has_cell: bool) -> np.dtype:
    """Return the layout of a frame: optional cell, then x, y and z, each between length markers."""
    fields: list[tuple[str, str]] = [("cell", f"V{_CELL_BYTES}")] if has_cell else []
    for axis in "xyz":
        fields += [(f"{axis}_begin", "<i4"), (axis, f"({n_atoms},)<f4"), (f"{axis}_end", "<i4")]
    return np.dtype(fields)
