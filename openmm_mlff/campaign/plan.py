"""Expand a specification to cells: one run each, with the hash of its content as address."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.spec import CampaignSpec, ModelEntry
from openmm_mlff.checks.registry import select
from openmm_mlff.config import AUTO_REFERENCE, NO_REFERENCE, Protocol, canonical_sha256
from openmm_mlff.errors import ConfigError, MissingDependencyError, UserError
from openmm_mlff.molecules import load_systems
from openmm_mlff.options import PotentialOptions
from openmm_mlff.pipeline.protocol import resolve_protocol
from openmm_mlff.pipeline.reference import load_reference, no_reference_reason
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.request import SharedSettings, ValidationRequest, request_from
from openmm_mlff.simulation.environment import installed_versions
from openmm_mlff.storage.files import jsonable
from openmm_mlff.storage.fingerprint import hash_path
from openmm_mlff.storage.run_directory import molecule_to_json

ADDRESS_LENGTH = 20
"""Hexadecimal digits, 80 bits, which makes collisions negligible."""

_SOFTWARE = ("openmm_mlff", "openmm", "torch")


@dataclass(frozen=True)
class Cell:
    """One run of a campaign.

    Attributes:
        address: hash of its content.
        label: of the model in this campaign.
        protocol: with the temperature and timestep of this run.
        problem: why it cannot be run; empty where it can.
    """

    address: str
    label: str
    request: ValidationRequest
    protocol: Protocol
    problem: str = ""

    @property
    def system(self) -> str:
        """Name or file of its system."""
        return self.request.systems[0]

    @property
    def condition(self) -> str:
        """Temperatures and timesteps, e.g. ``300 K, 0.5 fs``."""
        dynamics = self.protocol.dynamics
        temperatures = "/".join(f"{value:g}" for value in dynamics.temperatures_kelvin)
        timesteps = "/".join(f"{value:g}" for value in dynamics.timesteps_fs)
        return f"{temperatures} K, {timesteps} fs"

    def row(self) -> dict[str, Any]:
        """Return the JSON-compatible fields for tables."""
        return {
            "address": self.address,
            "model": self.label,
            "system": self.system,
            "condition": self.condition,
            "seed": self.request.seed,
            "problem": self.problem,
        }


def expand(spec: CampaignSpec) -> list[Cell]:
    """Return the runs of a campaign: seeds, then conditions, then systems, then models.

    Every model has its first results early in this order.

    Raises:
        UserError: a protocol or system is unknown or unusable.
        ConfigError: every model is unusable.
    """
    conditions = [(one, resolve_protocol(one)) for one in _conditions(spec)]
    for _, protocol in conditions:
        select(protocol)
    systems = {name: _system_content(name) for name in spec.systems}
    models = [
        (entry, label, *_model(entry, reference=spec.reference))
        for entry, label in zip(spec.models, spec.labels, strict=True)
    ]
    problems = [problem for *_, problem in models]
    if all(problems):
        raise ConfigError(f"no model of the campaign can be run: {'; '.join(problems)}")
    versions = installed_versions()
    shared = {
        "platform": spec.platform,
        "precision": spec.precision,
        "software": {name: versions.get(name, "unknown") for name in _SOFTWARE},
    }
    cells = []
    for seed, condition, system, model in product(spec.seeds, conditions, spec.systems, models):
        entry, label, identity, reference, problem = model
        request, protocol = condition
        content = {
            "model": identity,
            "reference": reference,
            "options": _options_content(entry.options),
            "systems": systems[system],
            "protocol": protocol.model_dump(mode="json", exclude={"name", "description"}),
            "seed": seed,
            **shared,
        }
        chosen = {
            "potential": entry.spec,
            "options": entry.options,
            "systems": (system,),
            "seed": seed,
        }
        address = canonical_sha256(content)[:ADDRESS_LENGTH]
        request = request.model_copy(update=chosen)
        cells.append(Cell(address, label, request, protocol, problem))
    return cells


def _conditions(spec: CampaignSpec) -> Iterator[ValidationRequest]:
    """Yield a request for each temperature and timestep, without a model."""
    temperatures = spec.temperatures_kelvin or (None,)
    for temperature, timestep in product(temperatures, spec.timesteps_fs or (None,)):
        yield request_from(
            {
                "potential": "",
                "temperature_kelvin": temperature,
                "timestep_fs": timestep,
                **{name: getattr(spec, name) for name in SharedSettings.model_fields},
            }
        )


def _reference(asked: str | None, potential: Potential) -> str:
    """Return the identity of the reference of a model, `NO_REFERENCE` if its teacher is missing."""
    if no_reference_reason(asked, potential):
        return asked if asked and asked.startswith(NO_REFERENCE) else NO_REFERENCE
    if asked != AUTO_REFERENCE:
        return load_reference(str(asked)).fingerprint.sha256
    try:
        return load_potential(str(potential.teacher)).sha256
    except MissingDependencyError:
        return NO_REFERENCE


def _model(entry: ModelEntry, *, reference: str | None) -> tuple[str, str, str]:
    """Return the identities of a model and its reference, and why it cannot be run, if so.

    An unusable model does not stop the others.
    """
    try:
        potential = load_potential(entry.spec, options=entry.options)
        identity = potential.sha256
    except UserError as error:
        return f"unusable: {entry.spec}", NO_REFERENCE, str(error)
    return identity, _reference(reference, potential), ""


def _options_content(options: PotentialOptions) -> dict[str, Any]:
    """Return the options of a model, with force field files replaced by their hashes."""
    files = [Path(name) for name in options.forcefield]
    named = [hash_path(path) if path.is_file() else str(path) for path in files]
    return options.model_dump(mode="json") | {"forcefield": named}


def _system_content(name: str) -> list[dict[str, Any]]:
    """Return the contents of a system, independent of the location of its file."""
    content = []
    for molecule in load_systems(name):
        table = jsonable(molecule_to_json(molecule)) | {"bonds": jsonable(molecule.bonds)}
        content.append({key: value for key, value in table.items() if key != "source"})
    return content
