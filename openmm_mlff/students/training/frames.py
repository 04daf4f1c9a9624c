"""Labelled frames: geometries with the teacher's energies and forces."""

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.errors import CheckpointError, ConfigError
from openmm_mlff.storage.run_directory import read_json, write_arrays

WHOLE_ORIGINS = ("/scan", "/atom")
"""Suffixes of the origins whose frames are only useful together."""

# Exceptions of NumPy observed for damaged files.
_READING_FAILURES = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    AttributeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class LabelledFrame:
    """One geometry with its label.

    Attributes:
        origin: molecule and kind, e.g. ``water/thermal_300K``.
        atomic_numbers: int64 (N,).
        positions_angstrom: float64 (N, 3).
        energy_ev: the teacher's total energy.
        forces_ev_per_angstrom: float64 (N, 3).
        cell_angstrom: float64 (3, 3), box vectors as rows; None for an isolated molecule.
        virial_ev: float64 (3, 3), dE/dε for a strain ε of positions and box, r → r (1 + ε); None
            for an isolated molecule.
    """

    origin: str
    atomic_numbers: np.ndarray
    positions_angstrom: np.ndarray
    energy_ev: float
    forces_ev_per_angstrom: np.ndarray
    cell_angstrom: np.ndarray | None = None
    virial_ev: np.ndarray | None = None

    def __post_init__(self) -> None:
        shape = (len(self.atomic_numbers), 3)
        for name in ("positions_angstrom", "forces_ev_per_angstrom"):
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} of {self.origin} has shape {found}, expected {shape}")
        box = [None if x is None else x.shape for x in (self.cell_angstrom, self.virial_ev)]
        if box not in ([None, None], [(3, 3), (3, 3)]):
            raise ValueError(
                f"cell and virial of {self.origin} have shapes {box}; expected (3, 3), or None"
            )

    @property
    def kind(self) -> str:
        """The second part of the origin, e.g. ``thermal_300K``."""
        return self.origin.split("/")[1]

    @property
    def largest_force_ev_per_angstrom(self) -> float:
        """Magnitude of the largest force on an atom."""
        return float(np.linalg.norm(self.forces_ev_per_angstrom, axis=1).max())


def save_frames(frames: Sequence[LabelledFrame], path: Path) -> None:
    """Write frames to a compressed ``.npz`` file, atomically; its folder is created."""
    arrays = {
        "origins": np.array([frame.origin for frame in frames]),
        "sizes": np.array([len(frame.atomic_numbers) for frame in frames]),
        "atomic_numbers": np.concatenate([frame.atomic_numbers for frame in frames]),
        "positions_angstrom": np.concatenate([frame.positions_angstrom for frame in frames]),
        "energies_ev": np.array([frame.energy_ev for frame in frames]),
        "forces_ev_per_angstrom": np.concatenate(
            [frame.forces_ev_per_angstrom for frame in frames]
        ),
    }
    boxes = {index: frame for index, frame in enumerate(frames) if frame.cell_angstrom is not None}
    if boxes:
        arrays |= {
            "periodic": np.array(list(boxes)),
            "cells_angstrom": np.array([frame.cell_angstrom for frame in boxes.values()]),
            "virials_ev": np.array([frame.virial_ev for frame in boxes.values()]),
        }
    write_arrays(path, arrays)


def load_frames(path: Path) -> list[LabelledFrame]:
    """Read what :func:`save_frames` wrote, in the same order; else raise CheckpointError."""
    try:
        # NumPy does not close a file that it finds damaged.
        with path.open("rb") as file:
            data = np.load(file, allow_pickle=False)
            arrays = {name: data[name] for name in data.files}
        cuts = np.cumsum(arrays["sizes"])[:-1]
        names = ("cells_angstrom", "virials_ev")
        boxes = [arrays[name] for name in names] if "periodic" in arrays else []
        labels = dict(zip(arrays.get("periodic", ()), zip(*boxes, strict=True), strict=True))
        return [
            LabelledFrame(
                str(origin), numbers, positions, float(energy), forces, *labels.get(index, ())
            )
            for index, (origin, numbers, positions, energy, forces) in enumerate(
                zip(
                    arrays["origins"],
                    np.split(arrays["atomic_numbers"], cuts),
                    np.split(arrays["positions_angstrom"], cuts),
                    arrays["energies_ev"],
                    np.split(arrays["forces_ev_per_angstrom"], cuts),
                    strict=True,
                )
            )
        ]
    except _READING_FAILURES as error:
        raise CheckpointError(
            f"cannot read labelled frames from {path} ({' '.join(str(error).split())}); expected "
            "a file written by scripts/train_students.py; delete it to generate the data again"
        ) from error


def stamp_of(path: Path) -> Path:
    """Return the file that names the recipe of a file or folder of frames."""
    return path.with_suffix(".json")


def check_stamp(path: Path, wanted: Mapping[str, Any]) -> None:
    """Raise ConfigError unless a file or folder of frames was generated with these settings."""
    stamp = stamp_of(path)
    if not stamp.exists() or read_json(stamp) != json.loads(json.dumps(wanted)):
        raise ConfigError(
            f"{path} was generated by another recipe; expected the data of this one; "
            "delete it, or name another place with --data"
        )


def by_origin(frames: Iterable[LabelledFrame]) -> dict[str, list[LabelledFrame]]:
    """Return the frames of each origin, in the order of their first frames."""
    groups: dict[str, list[LabelledFrame]] = {}
    for frame in frames:
        groups.setdefault(frame.origin, []).append(frame)
    return groups


def split_held_out(
    frames: Iterable[LabelledFrame], *, fraction: float
) -> tuple[list[LabelledFrame], list[LabelledFrame]]:
    """Return training frames and held-out frames, the last ``fraction`` of each origin.

    Consecutive frames of a trajectory are correlated, so a random split would test on almost known
    geometries; the end of each trajectory is independent.
    """
    training: list[LabelledFrame] = []
    held_out: list[LabelledFrame] = []
    for origin, group in by_origin(frames).items():
        whole = origin.endswith(WHOLE_ORIGINS)
        n_held_out = 0 if whole else int(len(group) * fraction)
        training += group[: len(group) - n_held_out]
        held_out += group[len(group) - n_held_out :]
    return training, held_out
