"""Positions as DCD, resumable after a crash."""

import os
import struct
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from openmm.app import DCDFile

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import positions_angstrom, time_ps
from openmm_mlff.reporters.stability import UnstableError
from openmm_mlff.storage.dcd import dcd_layout

# Byte offsets in a file of OpenMM's DCDFile.
_FRAMES_AT = 8
_LAST_STEP_AT = 20
_DATE_AT = 180
_DATE_BYTES = 80


class TrajectoryReporter(IntervalReporter):
    """Writes a DCD frame at every ``interval`` steps, without a frame at step 0.

    Args:
        file: path of the DCD file.
        interval: steps between two frames.
        resume_after_step: None starts a new file; otherwise frames up to this step are kept and
            later ones are dropped.

    Raises:
        RunDirectoryError: the file to resume lacks frames.
    """

    includes: ClassVar[tuple[str, ...]] = ("positions",)

    def __init__(
        self, file: str | Path, interval: int, *, resume_after_step: int | None = None
    ) -> None:
        super().__init__(interval)
        self._path = Path(file)
        n_frames = 0 if resume_after_step is None else resume_after_step // self._interval
        self._append = n_frames > 0
        if self._append:
            truncate_dcd(self._path, n_frames=n_frames, interval=self._interval)
        else:
            self._path.unlink(missing_ok=True)
        # Opened at the first frame, because a DCD file without frames is not valid.
        self._file: IO[bytes] | None = None
        self._dcd: DCDFile | None = None

    def report(self, simulation: Any, state: Any) -> None:
        """Write one frame.

        Raises:
            UnstableError: a coordinate is not finite, which DCD files cannot represent.
        """
        lost = np.asarray(~np.isfinite(positions_angstrom(state)).all(axis=1))
        if lost.any():
            step = int(simulation.currentStep)
            unstable = UnstableError.lost(lost, time_ps=time_ps(state), step=step)
            raise unstable
        if self._dcd is None:
            self._file = self._path.open("r+b" if self._append else "wb")
            self._dcd = DCDFile(
                self._file,
                simulation.topology,
                simulation.integrator.getStepSize(),
                self._interval,
                self._interval,
                self._append,
            )
            if not self._append:
                # OpenMM writes the current time there; equal runs must produce equal bytes.
                self._file.seek(_DATE_AT)
                self._file.write(b"One frame a report of openmm_mlff".ljust(_DATE_BYTES, b"\0"))
        self._dcd.writeModel(
            state.getPositions(asNumpy=True), periodicBoxVectors=state.getPeriodicBoxVectors()
        )

    def sync(self) -> None:
        """Wait until all frames are on disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file (idempotent)."""
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:
        # Scripts do not close reporters; OpenMM's own reporters also close their files here.
        if getattr(self, "_file", None) is not None:
            self.close()


def truncate_dcd(path: Path, *, n_frames: int, interval: int) -> None:
    """Keep the first `n_frames` (at least 1) frames of an OpenMM DCD file and update its header.

    Raises:
        RunDirectoryError: the file is missing, not DCD, or has fewer frames.
    """
    end = check_dcd(path, n_frames=n_frames)
    try:
        with path.open("r+b") as file:
            file.truncate(end)
            for offset, value in ((_FRAMES_AT, n_frames), (_LAST_STEP_AT, n_frames * interval)):
                file.seek(offset)
                file.write(struct.pack("<i", value))
    except OSError as error:
        raise RunDirectoryError(
            f"cannot resume {path} ({error}); expected a file that can be written"
        ) from error


def check_dcd(path: Path, *, n_frames: int) -> int:
    """Return the offset in bytes of the end of frame `n_frames` (at least 1) of a DCD file.

    Raises:
        RunDirectoryError: the file is missing, not DCD, or has fewer frames.
    """
    layout, size, reason = None, 0, "no DCD header"
    try:
        layout, size = dcd_layout(path), path.stat().st_size
    except (OSError, RunDirectoryError) as error:
        reason = str(error)
    if layout is None:
        raise RunDirectoryError(
            f"cannot resume {path} ({reason}); expected a DCD file: delete the run's folder"
        )
    start, frame = layout
    end = start + n_frames * frame.itemsize
    if size < end:
        have = max(0, size - start) // frame.itemsize
        raise RunDirectoryError(
            f"{path} holds {have} frames, expected {n_frames}; "
            "the run cannot be resumed: delete its folder"
        )
    return end
