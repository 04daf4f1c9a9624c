"""What a campaign is asked for: a TOML file, checked before anything runs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from openmm_mlff.config import Femtoseconds, Frozen, Kelvin, nearest
from openmm_mlff.errors import ConfigError, FileError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.reading import cut, read_toml
from openmm_mlff.request import SharedSettings

QUEUES = ("slurm", "pbs", "lsf")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ModelEntry(Frozen):
    """One model of a campaign.

    Attributes:
        spec: as `openmm-mlff validate` takes it.
        label: in tables and figures; empty takes the spec.
        options: how it is read and run, where the spec leaves that open.
    """

    spec: str = Field(min_length=1)
    label: str = ""
    options: PotentialOptions = PotentialOptions()


class ClusterSpec(Frozen):
    """Where a campaign runs.

    Attributes:
        kind: ``local`` (this machine), ``slurm``, ``pbs`` or ``lsf``.
        workers: runs at a time: processes here, or jobs of the queue.  None: one a core, or one a
            GPU; a queue must be told.
        gpu: give every run a GPU of its own.
        lost_workers_allowed: a run that outlives so many workers is held to be what ended them.
        queue: of the jobs, also called partition.
        account: that pays for them.
        walltime: of a job.
        memory: of a job.
        interface: of the network between this machine and the nodes, e.g. ``ib0``.
        python: on the nodes; empty takes this one.
        local_directory: for Dask's scratch files on a node.
        job_script_prologue: lines of shell before the worker starts.
        job_extra_directives: further lines of the job's head.
    """

    kind: Literal["local", "slurm", "pbs", "lsf"] = "local"
    workers: int | None = Field(default=None, ge=1)
    gpu: bool = False
    lost_workers_allowed: int = Field(default=3, ge=0)
    queue: str | None = None
    account: str | None = None
    walltime: str = "04:00"
    memory: str = "4GB"
    interface: str | None = None
    python: str | None = None
    local_directory: str | None = None
    job_script_prologue: tuple[str, ...] = ()
    job_extra_directives: tuple[str, ...] = ()

    @field_validator("walltime")
    @classmethod
    def _hours_and_minutes(cls, value: str) -> str:
        if not re.fullmatch(r"\d+:[0-5]\d", value):
            raise ValueError("expected hours:minutes, e.g. 04:00")
        return value

    @model_validator(mode="after")
    def _queues_are_told_how_many(self) -> "ClusterSpec":
        if self.kind in QUEUES and self.workers is None:
            raise ValueError(f"workers must say how many jobs {self.kind} is to run at a time")
        return self


class CampaignSpec(SharedSettings):
    """What a campaign is asked for, beside the settings that all its runs share.

    Attributes:
        name: of the campaign, in letters, digits, ``.``, ``_`` and ``-``.
        models: what is validated.
        systems: library names or structure files.
        temperatures_kelvin: one run for each; None leaves those of the protocol in one run.
        timesteps_fs: one run for each; None leaves those of the protocol in one run.
        seeds: one run for each.
        output: folder of the campaign; empty takes ``runs/NAME``.
        cluster: where it runs.
    """

    name: str
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    systems: tuple[str, ...] = Field(min_length=1)
    temperatures_kelvin: tuple[Kelvin, ...] | None = Field(default=None, min_length=1)
    timesteps_fs: tuple[Femtoseconds, ...] | None = Field(default=None, min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    output: str = ""
    cluster: ClusterSpec = ClusterSpec()

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("expected letters, digits, '.', '_' and '-'")
        return value

    @field_validator("models", mode="before")
    @classmethod
    def _spec_alone_is_a_model(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        return tuple({"spec": one} if isinstance(one, str) else one for one in value)

    @model_validator(mode="after")
    def _named_once(self) -> "CampaignSpec":
        for key in ("systems", "temperatures_kelvin", "timesteps_fs", "seeds"):
            values = getattr(self, key) or ()
            if len(set(values)) != len(values):
                raise ValueError(f"{key} names one thing twice")
        labels = self.labels
        if len(set(labels)) != len(labels):
            raise ValueError("two models have one label; give them labels that differ")
        return self

    @property
    def labels(self) -> list[str]:
        """What the models are called, in order."""
        return [model.label or model.spec for model in self.models]

    @property
    def folder(self) -> Path:
        """Where the campaign lies."""
        return Path(self.output or f"runs/{self.name}")


def load_spec(path: Path) -> CampaignSpec:
    """Read a campaign's file.

    Args:
        path: a TOML file; a campaign without a name takes the file's.

    Returns:
        What is asked for.

    Raises:
        ConfigError: unreadable file, unknown key, impossible value.
    """
    try:
        table = read_toml(path)
    except FileError as error:
        raise ConfigError(
            f"cannot read campaign {cut(str(path))}: {error}; expected a TOML file"
        ) from error
    return parse_spec({"name": path.stem, **table}, origin=str(path))


def parse_spec(table: Mapping[str, Any], *, origin: str) -> CampaignSpec:
    """Check a table and make it a campaign.

    Args:
        table: as read from TOML.
        origin: names it in messages.

    Returns:
        What is asked for.

    Raises:
        ConfigError: unknown key or impossible value.
    """
    try:
        return CampaignSpec.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"campaign {origin}: {_explain(error.errors()[0])}") from error


def _explain(problem: Mapping[str, Any]) -> str:
    """Say in one line what pydantic found first."""
    parts = problem["loc"]
    location = ".".join(str(part) for part in parts)
    if problem["type"] == "extra_forbidden":
        known = list(_table_of(parts).model_fields)
        return f"unknown key {location!r}; {nearest(str(parts[-1]), known)}"
    if problem["type"] == "missing":
        return f"{location} is missing; {_EXPECTED.get(str(parts[0]), 'expected a value')}"
    said = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")
    if not parts or not isinstance(problem.get("input"), (str, int, float, bool, list, tuple)):
        return f"{location}: {said}" if location else said
    return f"{location}: {said} (got {problem['input']!r})"


def _table_of(location: tuple[str | int, ...]) -> type[BaseModel]:
    """Find the table in which a key stands."""
    if location[0] == "cluster" and len(location) > 1:
        return ClusterSpec
    if location[0] == "models" and len(location) > 2:
        return PotentialOptions if "options" in location[:-1] else ModelEntry
    return CampaignSpec


_EXPECTED = {
    "models": 'expected spec strings, e.g. models = ["student:tiny", "best_model.pt"]',
    "systems": 'expected names or files, e.g. systems = ["water", "my.pdb"]',
}
