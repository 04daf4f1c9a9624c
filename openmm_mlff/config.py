"""Protocols and criteria: immutable, validated, hashed.

A protocol is a TOML file.  It may start with ``extends = "standard"`` and then contains only the
differences.  An unknown key is an error that names the closest known key.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from openmm_mlff.errors import ConfigError, FileError
from openmm_mlff.explanation import explain as explain
from openmm_mlff.explanation import first_problem as first_problem
from openmm_mlff.explanation import nearest as nearest
from openmm_mlff.storage.files import read_toml
from openmm_mlff.storage.text import cut

PROTOCOLS_FOLDER = Path(__file__).parent / "protocols"
PRECISIONS = ("single", "mixed", "double")
GPU_PLATFORMS = ("CUDA", "OpenCL", "HIP")  # have the property ``Precision``

NO_REFERENCE = "none"
AUTO_PLATFORM = "auto"
AUTO_REFERENCE = "auto"  # the potential's own teacher, if it names one

GFN1_XTB, GFN2_XTB = (f"ase:tblite.ase:TBLite?method=GFN{n}-xTB" for n in (1, 2))


def short_name(spec: str) -> str:
    """Return a potential's name in sentences: the method of an ASE calculator, or the spec."""
    method = re.search(r"[?&]method=([^&]+)", spec) if spec.startswith("ase:") else None
    return spec if method is None else unquote(method[1])


class Frozen(BaseModel):
    """Base of all settings: immutable, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Threshold(Frozen):
    """A decisive number with its unit and source."""

    value: float
    unit: str
    source: str


Limits = Mapping[str, Threshold]
"""The thresholds of one check, by name."""

# Larger numbers are typos, which would otherwise be noticed after hours, if ever.
Kelvin = Annotated[float, Field(gt=0.0, le=1e5)]
Femtoseconds = Annotated[float, Field(gt=0.0, le=100.0)]
LONGEST_PS = 1e7
MOST_REPLICAS = 10_000


class DynamicsSpec(Frozen):
    """Settings of the trajectories.

    Attributes:
        temperatures_kelvin: one set of runs for each.
        timesteps_fs: of the NVE runs.
        replicas: runs from different velocities for each condition.
        equilibration_ps: Langevin dynamics before NVE.
        duration_ps: NVE.
        longest_ps: a run is extended up to this while its drift is undecided.
        friction_per_ps: of the Langevin thermostat.
        equilibration_timestep_fs: of the Langevin dynamics.
        energy_interval_steps: between two rows of `energies.csv`.
        frame_interval_steps: between two frames of `trajectory.dcd`.
    """

    temperatures_kelvin: tuple[Kelvin, ...] = Field(default=(300.0,), min_length=1)
    timesteps_fs: tuple[Femtoseconds, ...] = Field(default=(0.5,), min_length=1)
    replicas: int = Field(default=1, ge=1, le=MOST_REPLICAS)
    equilibration_ps: float = Field(default=1.0, ge=0.0, le=LONGEST_PS)
    duration_ps: float = Field(default=10.0, gt=0.0, le=LONGEST_PS)
    longest_ps: float = Field(default=20.0, gt=0.0, le=LONGEST_PS)
    friction_per_ps: float = Field(default=10.0, gt=0.0)
    equilibration_timestep_fs: Femtoseconds = 0.5
    energy_interval_steps: int = Field(default=10, ge=1)
    frame_interval_steps: int = Field(default=8, ge=1)

    @field_validator("temperatures_kelvin", "timesteps_fs")
    @classmethod
    def _each_once(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(values)) < len(values):
            raise ValueError("a value is given twice; give each value once")
        return values

    @model_validator(mode="after")
    def _longest_is_longest(self) -> "DynamicsSpec":
        if self.longest_ps < self.duration_ps:
            raise ValueError("longest_ps must not be less than duration_ps")
        return self


class ProbeSpec(Frozen):
    """Settings of the measurements other than the trajectories.

    Attributes:
        geometries: distorted geometries for the parity checks.
        distortion_angstrom: standard deviation of the distortion.
        repeats: evaluations of one geometry for `determinism`.
        parity_steps: steps of `trajectory_parity`.
        reference_frames: frames of the potential's own trajectories given to the reference.
        thermal_frames: frames of those trajectories on which the energy surface is probed.
        rotations: random rotations of each geometry.
        directions: random directions of finite differences at each geometry.
        dimer_directions: directions in which a copy of the molecule is moved away.
        scan_step_angstrom: between two points of a scan.
        scan_end_angstrom: largest distance of a scan.
        hessian_geometries: geometries at which the force Jacobian is computed.
        convergence_ps: length of each run of `timestep_convergence`.
        reversal_steps: steps in each direction of `time_reversibility`.
        sampling_ps: length of the Langevin runs for distributions.
        ensemble_ps: length of each NVE run that starts from a Langevin sample.
        ensemble_error: target relative error of their mean temperature, which sets their number.
        ensemble_runs: largest number of these runs in a round, of which there are up to four.
        thermostats_ps: total length of the runs at weak friction and with a global thermostat.
        torsion_step_degrees: between two points of a torsion profile.
    """

    geometries: int = Field(default=20, ge=2)
    distortion_angstrom: float = Field(default=0.05, gt=0.0)
    repeats: int = Field(default=20, ge=2)
    parity_steps: int = Field(default=200, ge=1)
    reference_frames: int = Field(default=100, ge=2)
    thermal_frames: int = Field(default=10, ge=1)
    rotations: int = Field(default=24, ge=1)
    directions: int = Field(default=8, ge=1)
    dimer_directions: int = Field(default=3, ge=1)
    scan_step_angstrom: float = Field(default=0.01, gt=0.0, le=0.1)
    scan_end_angstrom: float = Field(default=15.0, ge=6.0)
    hessian_geometries: int = Field(default=3, ge=1)
    convergence_ps: float = Field(default=0.5, gt=0.0)
    reversal_steps: int = Field(default=500, ge=1)
    sampling_ps: float = Field(default=4.0, gt=0.0)
    ensemble_ps: float = Field(default=0.5, gt=0.0)
    ensemble_error: float = Field(default=0.05, gt=0.0, le=1.0)
    ensemble_runs: int = Field(default=16, ge=1, le=MOST_REPLICAS)
    thermostats_ps: float = Field(default=8.0, gt=0.0)
    torsion_step_degrees: float = Field(default=15.0, gt=0.0, le=60.0)


class BoxSpec(Frozen):
    """Settings of a periodic box at constant pressure.

    Attributes:
        found_by: ``dynamics``: every simulation has the box in which equilibration at constant
            pressure ends; ``energy``: that of the lowest energy, for crystals.
        pressure_bar: of the barostat.
        anisotropic: whether the barostat scales the three box lengths separately.
        interval_steps: between two volume moves.
        equilibration_ps: at constant pressure, before everything else.
        production_ps: length of each run at constant pressure.
        ensemble_ps: length of each further run at constant volume, for `ensemble`.
        supercell_angstrom: a crystal is repeated until its box is this wide.
        density_g_per_cm3: known density, to which that of the potential is compared.
    """

    found_by: Literal["dynamics", "energy"] = "dynamics"
    pressure_bar: float = 1.0
    anisotropic: bool = False
    interval_steps: int = Field(default=25, ge=1)
    equilibration_ps: float = Field(default=20.0, gt=0.0, le=LONGEST_PS)
    production_ps: float = Field(default=200.0, gt=0.0, le=LONGEST_PS)
    ensemble_ps: float = Field(default=50.0, gt=0.0, le=LONGEST_PS)
    supercell_angstrom: float = Field(default=0.0, ge=0.0, le=100.0)
    density_g_per_cm3: float | None = Field(default=None, gt=0.0)


class PluginFile(Frozen):
    """A Python file with user-defined checks, and its hash."""

    path: str
    sha256: str


class Protocol(Frozen):
    """A named set of runs, probes, checks and thresholds.

    Attributes:
        name: of the shipped protocol, or user-defined.
        description: one sentence.
        may_approve: False for protocols too short to approve.
        required: ids of checks that decide the verdict.
        reported: ids of checks that do not decide the verdict.
        criteria: thresholds, by check id and name.
        plugins: files with further checks; ``--plugin`` adds them.
        box: of periodic systems; None for the box that is given.
    """

    name: str = Field(min_length=1)
    description: str = ""
    may_approve: bool = True
    required: tuple[str, ...]
    reported: tuple[str, ...] = ()
    dynamics: DynamicsSpec = DynamicsSpec()
    probes: ProbeSpec = ProbeSpec()
    criteria: dict[str, dict[str, Threshold]] = Field(default_factory=dict)
    plugins: tuple[PluginFile, ...] = ()
    box: BoxSpec | None = None

    @model_serializer(mode="wrap")
    def _without_empty(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A protocol without plugins and box keeps the hash that it had before these existed.
        table: dict[str, Any] = serialize(self)
        return {
            key: value for key, value in table.items() if key not in ("plugins", "box") or value
        }

    def limits_for(self, check_id: str) -> Limits:
        """Return the thresholds of one check, by name; empty if it has none."""
        return self.criteria.get(check_id, {})


def canonical_sha256(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value, independent of the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def list_protocols() -> list[str]:
    """Return the names of the shipped protocols."""
    return sorted(path.stem for path in PROTOCOLS_FOLDER.glob("*.toml"))


def load_protocol(name_or_path: str) -> Protocol:
    """Load a shipped protocol by name, or a TOML file by a path that ends in ``.toml``.

    Raises:
        ConfigError: unknown name, unreadable file, unknown key or invalid value.
    """
    return parse_protocol(_merged_table(name_or_path, seen=()), origin=name_or_path)


def parse_protocol(table: Mapping[str, Any], *, origin: str) -> Protocol:
    """Validate a table as read from TOML; `origin` is its file, for messages.

    Raises:
        ConfigError: unknown key or invalid value.
    """
    try:
        return Protocol.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"protocol {origin}: {explain(error, Protocol)}") from error


def _merged_table(name_or_path: str, *, seen: tuple[str, ...]) -> dict[str, Any]:
    """Read a protocol's table and merge it into the one that it extends."""
    path = Path(name_or_path)
    if not name_or_path.endswith(".toml"):
        if name_or_path not in list_protocols():
            raise ConfigError(
                f"unknown protocol {cut(name_or_path)!r}; "
                f"{nearest(name_or_path, list_protocols())} A path must end in .toml"
            )
        path = PROTOCOLS_FOLDER / f"{name_or_path}.toml"
    if str(path) in seen:
        raise ConfigError(
            f"protocol {name_or_path} extends itself, directly or through others; correct its key "
            "extends"
        )
    try:
        table = read_toml(path)
    except FileError as error:
        raise ConfigError(
            f"cannot read protocol {cut(str(path))}: {error}; expected a TOML file"
        ) from error
    base = table.pop("extends", None)
    if base is None:
        return table
    return _overlay(_merged_table(str(base), seen=(*seen, str(path))), table)


def _overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `top` into `base` recursively."""
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlay(merged[key], value) if both else value
    return merged
