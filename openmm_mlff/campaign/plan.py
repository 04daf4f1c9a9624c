"""From what is asked for to cells: one run each, under the address of what it consists of."""

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.spec import CampaignSpec, ModelEntry
from openmm_mlff.checks.plugins import with_plugins
from openmm_mlff.checks.registry import select
from openmm_mlff.config import (
    DEFAULT_REFERENCE,
    PotentialOptions,
    Protocol,
    canonical_sha256,
    load_protocol,
)
from openmm_mlff.errors import ConfigError, PotentialError, UserError
from openmm_mlff.molecules import load_systems
from openmm_mlff.records import jsonable
from openmm_mlff.rundir import molecule_to_json
from openmm_mlff.students.loading import shipped_path

ADDRESS_LENGTH = 20
"""Hexadecimal digits: 80 bits, more than enough for any number of runs."""

_SOFTWARE = ("openmm_mlff", "openmm", "torch")


@dataclass(frozen=True)
class Cell:
    """One run of a campaign.

    Attributes:
        address: of its content; equal content has equal addresses.
        model: spec string.
        label: what the model is called in this campaign.
        options: how the model is read and run.
        system: name or file.
        protocol: with the temperatures and timesteps of this run.
        seed: of velocities and distortions.
        reference: what is right.
        platform: ``auto`` or the name of an OpenMM platform.
        precision: ``single``, ``mixed`` or ``double``.
        problem: why it cannot be run; empty where it can.
    """

    address: str
    model: str
    label: str
    options: PotentialOptions
    system: str
    protocol: Protocol
    seed: int
    reference: str
    platform: str
    precision: str
    problem: str = ""

    @property
    def condition(self) -> str:
        """Temperatures and timesteps, e.g. ``300 K, 0.5 fs``."""
        dynamics = self.protocol.dynamics
        temperatures = "/".join(f"{value:g}" for value in dynamics.temperatures_kelvin)
        timesteps = "/".join(f"{value:g}" for value in dynamics.timesteps_fs)
        return f"{temperatures} K, {timesteps} fs"

    def row(self) -> dict[str, Any]:
        """Give what tables say of it, as JSON."""
        return {
            "address": self.address,
            "model": self.label,
            "system": self.system,
            "condition": self.condition,
            "seed": self.seed,
            "problem": self.problem,
        }


def expand(spec: CampaignSpec) -> list[Cell]:
    """List the runs of a campaign, so that every model has its first results early.

    Args:
        spec: what is asked for.

    Returns:
        The cells: seeds, then conditions, then systems, then models.

    Raises:
        UserError: a protocol or system is unknown or unusable.
        ConfigError: every model is.
    """
    protocols = list(_variants(spec))
    systems = {name: _system_content(name) for name in spec.systems}
    models = [
        (entry, label, *_model(entry))
        for entry, label in zip(spec.models, spec.labels, strict=True)
    ]
    problems = [problem for *_, problem in models]
    if all(problems):
        raise ConfigError(f"no model of the campaign can be run: {'; '.join(problems)}")
    shared = {
        "reference": fingerprint(_reference(spec.reference)),
        "platform": spec.platform,
        "precision": spec.precision,
        "software": {name: _version(name) for name in _SOFTWARE},
    }
    return [
        Cell(
            address=address_of(
                model=model_print,
                options=_options_content(entry.options),
                systems=systems[system],
                protocol=protocol.model_dump(mode="json"),
                seed=seed,
                **shared,
            ),
            model=entry.spec,
            label=label,
            options=entry.options,
            system=system,
            protocol=protocol,
            seed=seed,
            reference=spec.reference,
            platform=spec.platform,
            precision=spec.precision,
            problem=problem,
        )
        for seed, protocol, system, (entry, label, model_print, problem) in product(
            spec.seeds, protocols, spec.systems, models
        )
    ]


def address_of(**content: Any) -> str:
    """Hash what a run consists of.

    Args:
        **content: JSON-like.

    Returns:
        Hexadecimal digits.
    """
    return canonical_sha256(content)[:ADDRESS_LENGTH]


def fingerprint(spec: str) -> str:
    """Tell what a spec string stands for: its content, where it names files.

    A model that is a file is known by its bytes, whatever the file is called.

    Args:
        spec: of a potential or a reference.

    Returns:
        A text that changes with the content.

    Raises:
        PotentialError: a file that is not there.
        CheckpointError: a student that does not exist.
    """
    if spec.startswith("student:"):
        return _file_sha256(shipped_path(spec.removeprefix("student:")))
    if Path(spec).is_file():
        return _file_sha256(Path(spec))
    scheme, colon, rest = spec.partition(":")
    if not colon or scheme not in ("ase", "openmm-ml", "none"):
        if spec == "none":
            return spec
        raise PotentialError(f"{spec!r} is neither a file that is there nor a spec string")
    named = [part.partition("=")[2] for part in rest.partition("?")[2].split("&")]
    files = [_file_sha256(Path(name)) for name in named if name and Path(name).is_file()]
    return " ".join([spec, *files, _version_behind(scheme, rest)]).strip()


def _version_behind(scheme: str, rest: str) -> str:
    """Give the version of the package that a spec string takes its potential from."""
    if scheme == "none":
        return ""
    module = "openmmml" if scheme == "openmm-ml" else rest.partition(":")[0].partition(".")[0]
    distributions = importlib.metadata.packages_distributions().get(module, [])
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(distributions))


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _variants(spec: CampaignSpec) -> Iterator[Protocol]:
    """Give the protocol once for each temperature and timestep that is asked for."""
    protocol = with_plugins(load_protocol(spec.protocol), spec.plugins)
    select(protocol)
    dynamics = protocol.dynamics
    temperatures = _each(spec.temperatures_kelvin, dynamics.temperatures_kelvin)
    timesteps = _each(spec.timesteps_fs, dynamics.timesteps_fs)
    for temperature, timestep in product(temperatures, timesteps):
        update = {"temperatures_kelvin": temperature, "timesteps_fs": timestep}
        yield protocol.model_copy(update={"dynamics": dynamics.model_copy(update=update)})


def _each(asked: Sequence[float] | None, of_protocol: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Give one set a value that is asked for, or the protocol's set as it is."""
    return [of_protocol] if asked is None else [(value,) for value in asked]


def _model(entry: ModelEntry) -> tuple[str, str]:
    """Give a model's fingerprint, or why it has none: one broken model stops no other."""
    try:
        return fingerprint(entry.spec), ""
    except UserError as error:
        return f"unusable: {entry.spec}", str(error)


def _options_content(options: PotentialOptions) -> dict[str, Any]:
    """Give a model's options with its force field files by their bytes."""
    files = [Path(name) for name in options.forcefield]
    named = [_file_sha256(path) if path.is_file() else str(path) for path in files]
    return options.model_dump(mode="json") | {"forcefield": named}


def _system_content(name: str) -> list[dict[str, Any]]:
    """Give the molecules behind a name; where the file lies does not matter."""
    content = []
    for molecule in load_systems(name):
        table = jsonable(molecule_to_json(molecule)) | {"bonds": jsonable(molecule.bonds)}
        content.append({key: value for key, value in table.items() if key != "source"})
    return content


def _reference(asked: str) -> str:
    """Say what ``auto`` will be."""
    if asked != "auto":
        return asked
    return DEFAULT_REFERENCE if importlib.util.find_spec("tblite") else "none"


def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
