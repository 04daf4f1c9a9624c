"""Labelled frames in a file: a reference that cannot be evaluated at other geometries."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import FileError, MoleculeError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.boxes import upright
from openmm_mlff.molecules.electrons import CHARGE_NAMES, MULTIPLICITY_NAMES, recorded
from openmm_mlff.molecules.files import READING_FAILURES
from openmm_mlff.molecules.system import checked_cell
from openmm_mlff.options import BUILT_IN
from openmm_mlff.storage.files import MOST_STRUCTURE_BYTES, check_file_size
from openmm_mlff.storage.fingerprint import Fingerprint, Sources, fingerprint, hash_path
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    from ase import Atoms

FRAME_FORMATS = {
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".traj": "traj",
    ".db": "db",
    ".json": "json",
}
"""File suffixes of labelled frames, with ASE's names of their formats."""

CELL_TOLERANCE_ANGSTROM = 1e-4
"""Cells that differ by less are equal; files round."""

_READING_FAILURES = (*READING_FAILURES, FileError, sqlite3.Error)


@dataclass(frozen=True, eq=False)
class Frame:
    """One geometry with its label, in the standard orientation of its cell.

    Attributes:
        index: position in the file, from 0.
        atomic_numbers: int (N,).
        positions_angstrom: float64 (N, 3).
        energy_ev: total energy.
        forces_ev_per_angstrom: float64 (N, 3).
        cell_angstrom: float64 (3, 3); None if not periodic.
        charge: total charge, e; None if not recorded.
        multiplicity: spin multiplicity, 2S + 1; None if not recorded.
    """

    index: int
    atomic_numbers: np.ndarray
    positions_angstrom: np.ndarray
    energy_ev: float
    forces_ev_per_angstrom: np.ndarray
    cell_angstrom: np.ndarray | None = None
    charge: float | None = None
    multiplicity: float | None = None

    def shows(self, molecule: MolecularSystem) -> bool:
        """Return whether this is a geometry of a molecule: same atoms, order, cell and state."""
        if not np.array_equal(self.atomic_numbers, molecule.atomic_numbers):
            return False
        if self.charge not in (None, molecule.charge):
            return False
        if self.multiplicity not in (None, molecule.multiplicity):
            return False
        if self.cell_angstrom is None or molecule.cell_angstrom is None:
            return self.cell_angstrom is None and molecule.cell_angstrom is None
        return np.allclose(
            self.cell_angstrom, molecule.cell_angstrom, rtol=0.0, atol=CELL_TOLERANCE_ANGSTROM
        )


@dataclass(frozen=True, eq=False)
class LabelledFrames:
    """All usable frames of a file, at least one, in its order.

    ``passed_over`` is the number of frames that are not used, by reason.
    """

    spec: str
    name: str
    sha256: str
    frames: tuple[Frame, ...]
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def fingerprint(self) -> Fingerprint:
        """Identity: the content of the file."""
        return fingerprint(self.spec, Sources(files={self.spec: self.sha256}))

    @classmethod
    def from_file(cls, spec: str) -> "LabelledFrames":
        """Read the frames of an extended XYZ file, ASE trajectory or database.

        Labels are read under one pair of keys: REF_energy and REF_forces, else energy and forces,
        else the only other such pair. Frames without them are skipped.

        Raises:
            PotentialError: the file is missing, unreadable, of another format or empty; it has no
                labels, or those of several conventions; or a number is not finite.
        """
        path = Path(spec)
        images = _read(path)
        keys = _label_keys([set(known) for _, known in images], path=path)
        found = [
            _frame(atoms, known, index, keys=keys, path=path)
            for index, (atoms, known) in enumerate(images)
        ]
        frames = tuple(each for each in found if isinstance(each, Frame))
        passed_over = Counter(each for each in found if isinstance(each, str))
        if not frames:
            raise PotentialError(
                f"{path}: it has no usable frame ({counted(passed_over)}); expected frames with "
                "energy and forces"
            )
        return cls(spec, path.stem, hash_path(path), frames, passed_over)

    def showing(self, molecule: MolecularSystem, *, at_most: int) -> tuple[Frame, ...]:
        """Return up to ``at_most`` frames of a molecule, evenly spaced over the file."""
        found = [frame for frame in self.frames if frame.shows(molecule)]
        count = min(at_most, len(found))
        chosen = np.unique(np.linspace(0, len(found) - 1, count).round().astype(int))
        return tuple(found[index] for index in chosen)

    def not_showing(self, molecule: MolecularSystem) -> Counter[str]:
        """Return the number of frames that cannot be used for a molecule, by reason."""
        others = sum(not frame.shows(molecule) for frame in self.frames)
        return Counter(self.passed_over) + Counter({"of another system": others})


def counted(reasons: Mapping[str, int]) -> str:
    """Return numbers of frames by reason, for messages."""
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items())


def names_labelled_frames(spec: str) -> bool:
    """Return whether a reference spec is a path with a suffix of :data:`FRAME_FORMATS`."""
    return not spec.startswith((*BUILT_IN, "none:")) and Path(spec).suffix.lower() in FRAME_FORMATS


def _read(path: Path) -> "list[tuple[Atoms, dict[str, Any]]]":
    """Read all frames with what is recorded of each, or raise a one-line error."""
    import ase.io
    from ase.db import connect

    suffix = path.suffix.lower()
    if suffix not in FRAME_FORMATS:
        raise PotentialError(
            f"{path}: '{path.suffix}' is not a format of labelled frames; expected one of "
            f"{', '.join(FRAME_FORMATS)}"
        )
    if not path.is_file():
        raise PotentialError(f"no such file of labelled frames: {path}; correct the path")
    images: Any
    try:
        check_file_size(path, most_bytes=MOST_STRUCTURE_BYTES)
        if suffix in (".db", ".json"):
            rows = connect(str(path)).select()
            images = [row.toatoms(add_additional_information=True) for row in rows]
        else:
            images = ase.io.read(
                path, index=":", format=FRAME_FORMATS[suffix], do_not_split_by_at_sign=True
            )
    except _READING_FAILURES as error:
        detail = one_line(error) or "it has no frame"
        raise PotentialError(
            f"{path}: cannot be read as {FRAME_FORMATS[suffix]} ({type(error).__name__}: "
            f"{detail}); check that the file is complete"
        ) from error
    if not images:
        raise PotentialError(f"{path}: it has no frame; expected frames with energy and forces")
    return [(atoms, _recorded(atoms)) for atoms in images]


def _recorded(atoms: "Atoms") -> dict[str, Any]:
    """Return everything recorded of a frame.

    Forces are raw: constraints must not zero those of fixed atoms.
    """
    info = dict(atoms.info)
    # Of a row of an ASE database.
    nested = {**info.pop("key_value_pairs", {}), **info.pop("data", {})}
    results = atoms.calc.results if atoms.calc is not None else {}
    known = {**nested, **info, **atoms.arrays, **results}
    return {str(key): value for key, value in known.items() if value is not None}


def _label_keys(keys: list[set[str]], *, path: Path) -> tuple[str, str]:
    """Return the keys of energy and forces under which frames are labelled."""
    pairs = dict.fromkeys(pair for each in keys for pair in _pairs(each))
    for preferred in ("ref_energy", "energy"):
        for pair in pairs:
            if pair[0].lower() == preferred:
                return pair
    if len(pairs) == 1:
        return next(iter(pairs))
    expected = "expected energy (eV) and forces (eV/Å), or REF_energy and REF_forces"
    if pairs:
        listed = ", ".join(energy for energy, _ in sorted(pairs))
        raise PotentialError(f"{path}: labels of several kinds ({listed}); {expected}")
    raise PotentialError(f"{path}: no frame has both energy and forces; {expected}")


def _pairs(keys: set[str]) -> list[tuple[str, str]]:
    """Return pairs of keys that differ in the word energy or forces only, e.g. DFT_energy."""
    known = {key.lower(): key for key in sorted(keys)}
    return [
        (known[energy], known[forces])
        for energy in known
        for forces in (energy.replace("energy", "forces"), energy.replace("energy", "force"))
        if forces != energy and forces in known
    ]


def _frame(
    atoms: "Atoms", known: dict[str, Any], index: int, *, keys: tuple[str, str], path: Path
) -> Frame | str:
    """Return one frame in standard orientation, or why it is skipped."""
    missing = [key for key in keys if key not in known]
    if missing:
        return f"without {' and '.join(missing)}"
    positions = np.array(atoms.positions, dtype=float)
    energy_ev, forces = float(known[keys[0]]), np.array(known[keys[1]], dtype=float)
    if forces.shape != positions.shape:
        raise PotentialError(
            f"{path}: the forces of frame {index} have shape {forces.shape}; expected "
            f"{positions.shape}, one vector per atom"
        )
    if not (np.isfinite(energy_ev) and np.isfinite(forces).all() and np.isfinite(positions).all()):
        raise PotentialError(
            f"{path}: frame {index} contains a number that is not finite; remove such frames"
        )
    try:
        charge, multiplicity = (_number(known, n) for n in (CHARGE_NAMES, MULTIPLICITY_NAMES))
    except ValueError:
        return "with contradictory charges or multiplicities"
    cell = None
    if atoms.pbc.any():
        if not atoms.pbc.all():
            return "periodic in some directions only"
        try:
            cell = checked_cell(path.name, atoms.cell.array)
        except MoleculeError:
            return "without a right-handed cell"
        # Forces are rotated with the lattice, as positions are.
        cell, turned = upright(cell, positions_angstrom=np.concatenate([positions, forces]))
        positions, forces = np.split(turned, 2)
    numbers = np.array(atoms.numbers)
    return Frame(index, numbers, positions, energy_ev, forces, cell, charge, multiplicity)


def _number(known: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """Return the number recorded under one of several names, if any."""
    value = recorded(known, names)
    return float(value) if isinstance(value, (int, float, np.number)) else None
