"""Labelled frames in a file: a reference that cannot be evaluated at other geometries."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import FileError, PotentialError
from openmm_mlff.fingerprint import Fingerprint, Sources, fingerprint, hash_path
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.files import READING_FAILURES
from openmm_mlff.reading import MOST_STRUCTURE_BYTES, check_file_size

if TYPE_CHECKING:
    from ase import Atoms

FRAME_FORMATS = {".extxyz": "extxyz", ".xyz": "extxyz", ".db": "db", ".json": "json"}
"""File suffixes of labelled frames, with ASE's names of their formats."""

LABEL_KEYS = (("REF_energy", "REF_forces"), ("energy", "forces"))
"""Keys of the labels; the first pair present in a frame is used."""

_SCHEMES = ("ase:", "none:", "openmm-ml:", "student:")

CELL_TOLERANCE_ANGSTROM = 1e-4
"""Cells that differ by less are equal; files round."""

_READING_FAILURES = (*READING_FAILURES, FileError, sqlite3.Error)


@dataclass(frozen=True, eq=False)
class Frame:
    """One geometry with its label.

    Attributes:
        index: position in the file, from 0.
        atomic_numbers: int (N,).
        positions_angstrom: float64 (N, 3).
        energy_ev: total energy.
        forces_ev_per_angstrom: float64 (N, 3).
        cell_angstrom: float64 (3, 3); None if not periodic.
    """

    index: int
    atomic_numbers: np.ndarray
    positions_angstrom: np.ndarray
    energy_ev: float
    forces_ev_per_angstrom: np.ndarray
    cell_angstrom: np.ndarray | None = None

    def shows(self, molecule: MolecularSystem) -> bool:
        """Return whether this is a geometry of a molecule: same atoms, order and cell."""
        if not np.array_equal(self.atomic_numbers, molecule.atomic_numbers):
            return False
        if self.cell_angstrom is None or molecule.cell_angstrom is None:
            return self.cell_angstrom is None and molecule.cell_angstrom is None
        return np.allclose(
            self.cell_angstrom, molecule.cell_angstrom, rtol=0.0, atol=CELL_TOLERANCE_ANGSTROM
        )


@dataclass(frozen=True, eq=False)
class LabelledFrames:
    """All frames of a file.

    Attributes:
        spec: path of the file as specified.
        name: file name without suffix.
        sha256: hash of the file.
        frames: in the order of the file, at least one.
    """

    spec: str
    name: str
    sha256: str
    frames: tuple[Frame, ...]

    @property
    def fingerprint(self) -> Fingerprint:
        """Identity: the content of the file."""
        return fingerprint(self.spec, Sources(files={self.spec: self.sha256}))

    @classmethod
    def from_file(cls, spec: str) -> "LabelledFrames":
        """Read every frame of an extended XYZ file or ASE database, distinguished by the suffix.

        Raises:
            PotentialError: the file is missing, unreadable, of another format or empty, or a frame
                has no energy, no forces or a number that is not finite.
        """
        path = Path(spec)
        images = _read(path)
        if not images:
            raise PotentialError(f"{path}: no frame in it; expected frames with forces")
        frames = tuple(_frame(atoms, index, path=path) for index, atoms in enumerate(images))
        return cls(spec, path.stem, hash_path(path), frames)

    def showing(self, molecule: MolecularSystem, *, at_most: int) -> tuple[Frame, ...]:
        """Return up to ``at_most`` frames of a molecule, evenly spaced over the file."""
        found = [frame for frame in self.frames if frame.shows(molecule)]
        count = min(at_most, len(found))
        chosen = np.unique(np.linspace(0, len(found) - 1, count).round().astype(int))
        return tuple(found[index] for index in chosen)


def names_labelled_frames(spec: str) -> bool:
    """Return whether a reference spec is a path with a suffix of :data:`FRAME_FORMATS`."""
    return not spec.startswith(_SCHEMES) and Path(spec).suffix.lower() in FRAME_FORMATS


def _read(path: Path) -> "list[Atoms]":
    """Read all frames, or raise a one-line error."""
    import ase.io

    suffix = path.suffix.lower()
    if suffix not in FRAME_FORMATS:
        raise PotentialError(
            f"{path}: '{path.suffix}' is not a format of labelled frames; expected one of "
            f"{', '.join(FRAME_FORMATS)}"
        )
    if not path.is_file():
        raise PotentialError(f"no such file of labelled frames: {path}; correct the path")
    try:
        check_file_size(path, most_bytes=MOST_STRUCTURE_BYTES)
        images: Any = ase.io.read(
            path, index=":", format=FRAME_FORMATS[suffix], do_not_split_by_at_sign=True
        )
    except _READING_FAILURES as error:
        detail = " ".join(str(error).split()) or "no frame in it"
        raise PotentialError(
            f"{path}: cannot be read as {FRAME_FORMATS[suffix]} ({type(error).__name__}: "
            f"{detail}); check that the file is complete"
        ) from error
    return list(images)


def _frame(atoms: "Atoms", index: int, *, path: Path) -> Frame:
    """Read the label of one frame and check that it is complete."""
    labels = _labels(atoms)
    expected = "expected energy (eV) and forces (eV/Å), or REF_energy and REF_forces"
    missing = [name for name in ("energy", "forces") if labels.get(name) is None]
    if missing:
        raise PotentialError(f"{path}: frame {index} has no {' and no '.join(missing)}; {expected}")
    positions = np.array(atoms.positions, dtype=float)
    energy_ev = float(labels["energy"])
    forces = np.array(labels["forces"], dtype=float)
    if forces.shape != positions.shape:
        raise PotentialError(
            f"{path}: the forces of frame {index} have shape {forces.shape}; expected "
            f"{positions.shape}, one vector per atom"
        )
    if not (np.isfinite(energy_ev) and np.isfinite(forces).all() and np.isfinite(positions).all()):
        raise PotentialError(
            f"{path}: frame {index} holds a number that is not finite; leave such frames out"
        )
    cell = np.array(atoms.cell.array, dtype=float) if atoms.pbc.any() else None
    return Frame(index, np.array(atoms.numbers), positions, energy_ev, forces, cell)


def _labels(atoms: "Atoms") -> dict[str, Any]:
    """Return the raw energy and forces: constraints must not zero the forces of fixed atoms."""
    results = atoms.calc.results if atoms.calc is not None else {}
    known = {**atoms.info, **atoms.arrays, **results}
    for energy_key, forces_key in LABEL_KEYS:
        if energy_key in known and forces_key in known:
            return {"energy": known[energy_key], "forces": known[forces_key]}
    return {name: known.get(name) for name in ("energy", "forces")}
