"""The run directory, which connects running and judging.

Layout::

    OUT/run.json                      settings and fingerprints
    OUT/inputs/                       Python objects that were given, as files
    OUT/<system>/system.json          molecule
    OUT/<system>/<run>/run.json       condition, progress, timing, failure of one simulation
    OUT/<system>/<run>/*.csv|dcd|xml  its streams
    OUT/<system>/measurements/        of checks, see `storage.measurements`
"""

import json
import operator
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.errors import FileError, RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage import files
from openmm_mlff.storage.files import jsonable
from openmm_mlff.storage.text import cut, one_line

RUN_FILE = "run.json"
SYSTEM_FILE = "system.json"
INPUTS = "inputs"
TAKEN_NAMES = (RUN_FILE, "report.json", "report.md", "report.html", "figures", INPUTS)
"""Names in a run directory that are not folders of systems."""


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; non-finite numbers become null."""
    files.write_text(path, json.dumps(jsonable(value), indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        RunDirectoryError: the file is missing or damaged.
    """
    try:
        return files.read_json(path, most_bytes=files.MOST_RUN_BYTES)
    except FileError as error:
        raise RunDirectoryError(
            f"cannot read {path} ({error}); expected a file of a run directory"
        ) from error


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a ``.npz`` by name, without unpickling.

    Raises:
        RunDirectoryError: the file is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise RunDirectoryError(
            f"cannot read {path} ({error}); expected arrays of a run directory"
        ) from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed ``.npz`` atomically; equal arrays produce equal bytes."""
    with files.replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            # NumPy's own writer stores the current time in the file.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def run_name(*, ensemble: str, temperature_kelvin: float, timestep_fs: float, replica: int) -> str:
    """Return the name of a simulation's folder, e.g. ``nve_300K_0.5fs_r0``."""
    return f"{ensemble}_{temperature_kelvin:g}K_{timestep_fs:g}fs_r{replica}"


def molecule_to_json(molecule: MolecularSystem) -> dict[str, Any]:
    """Return a molecule as JSON."""
    return {
        "name": molecule.name,
        "atomic_numbers": molecule.atomic_numbers,
        "positions_angstrom": molecule.positions_angstrom,
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "source": molecule.source,
        "cell_angstrom": molecule.cell_angstrom,
        "bonds": molecule.bonds,
        "masses_amu": None if molecule.has_standard_masses else molecule.masses_amu,
        "in_library": molecule.in_library,
    }


def molecule_from_json(table: Mapping[str, Any]) -> MolecularSystem:
    """Build a molecule from the JSON of :func:`molecule_to_json`.

    Raises:
        RunDirectoryError: the table is damaged.
    """
    try:
        cell, masses = table.get("cell_angstrom"), table.get("masses_amu")
        return MolecularSystem(
            name=str(table["name"]),
            atomic_numbers=np.array(table["atomic_numbers"], dtype=np.int64),
            positions_angstrom=np.array(table["positions_angstrom"], dtype=float),
            charge=operator.index(table["charge"]),
            multiplicity=operator.index(table["multiplicity"]),
            source=str(table["source"]),
            cell_angstrom=None if cell is None else np.array(cell, dtype=float),
            # Runs of earlier releases have none.
            bonds=table.get("bonds"),  # type: ignore[arg-type]  # None: from covalent radii
            masses_amu=masses,  # type: ignore[arg-type]  # None: standard masses
            in_library=table.get("in_library", False) is True,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RunDirectoryError(
            f"a {SYSTEM_FILE} is damaged ({one_line(error, with_type=True)}); "
            "expected what openmm-mlff validate wrote"
        ) from error


@dataclass(frozen=True)
class RunDirectory:
    """Paths of one validation's output."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "RunDirectory":
        """Create the folder and check that it is writable.

        Raises:
            RunDirectoryError: it is not.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            # A unique name, because workers that share the folder may check it concurrently.
            tempfile.TemporaryFile(dir=root).close()
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write to output folder {root} ({error.strerror}); "
                "choose another with --output"
            ) from error
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> "RunDirectory":
        """Open an existing run directory.

        Raises:
            RunDirectoryError: the folder is not a run directory.
        """
        if files.no_plain_file(root / RUN_FILE):
            raise RunDirectoryError(
                f"{cut(str(root))} is not a run directory: it has no {RUN_FILE}; "
                "expected a folder that openmm-mlff validate wrote"
            )
        return cls(root)

    @property
    def figures(self) -> Path:
        """Folder of the figures."""
        return self.root / "figures"

    def system(self, name: str) -> Path:
        """Return the folder of one system."""
        return folder_inside(self.root, name)

    def run(self, system: str, name: str) -> Path:
        """Return the folder of one simulation."""
        return folder_inside(self.system(system), name)

    def system_names(self) -> list[str]:
        """Return the systems that were started, in the requested order."""
        names = read_json(self.root / RUN_FILE).get("systems", [])
        return [name for name in names if (self.system(name) / SYSTEM_FILE).is_file()]

    def run_names(self, system: str) -> list[str]:
        """Return the simulations of a system, sorted."""
        return sorted(path.parent.name for path in self.system(system).glob(f"*/{RUN_FILE}"))


def folder_inside(folder: Path, name: str) -> Path:
    """Return the path of a run's subfolder.

    Raises:
        RunDirectoryError: the name is not a single path component, or the path is a link.
    """
    path = folder / str(name)
    if name != path.name or name in {"", ".", ".."} or "\\" in name or "\0" in name:
        raise RunDirectoryError(
            f"{name!r} cannot be the name of a folder in {folder}; expected letters, digits, "
            "dot, underscore and hyphen: give it another name"
        )
    if path.is_symlink():
        raise RunDirectoryError(
            f"{path} is a link, expected a folder of the run; remove it, or choose another --output"
        )
    return path
