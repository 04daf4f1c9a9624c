"""The specification of a campaign: a TOML file, validated before anything runs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from openmm_mlff.config import Femtoseconds, Frozen, Kelvin, explain
from openmm_mlff.errors import ConfigError, FileError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.request import SharedSettings
from openmm_mlff.storage.files import read_toml
from openmm_mlff.storage.text import cut

QUEUES = ("slurm", "pbs", "lsf")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ModelEntry(Frozen):
    """One model of a campaign.

    Attributes:
        spec: as `openmm-mlff validate` takes it.
        label: in tables and figures; empty takes the spec.
        options: how it is read and run, unless the spec determines it.
    """

    spec: str = Field(min_length=1)
    label: str = ""
    options: PotentialOptions = PotentialOptions()


class ClusterSpec(Frozen):
    """Where a campaign runs.

    Attributes:
        workers: concurrent runs: local processes or queue jobs. None: one per core or GPU; required
            for a queue.
        gpu: whether every run has its own GPU.
        lost_workers_allowed: a run that lost more workers than this is considered the cause.
        queue: also called partition.
        account: to which the jobs are charged.
        interface: network interface between this machine and the nodes, e.g. ``ib0``.
        python: on the nodes; empty takes the current one.
        local_directory: for Dask's scratch files on a node.
        job_script_prologue: shell lines before the worker starts.
        job_extra_directives: further directives in the job script.
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
    def _queues_have_a_number_of_workers(self) -> "ClusterSpec":
        if self.kind in QUEUES and self.workers is None:
            raise ValueError(f"workers is required: the number of concurrent jobs of {self.kind}")
        return self


class CampaignSpec(SharedSettings):
    """The specification of a campaign, besides the settings shared by all its runs.

    Attributes:
        systems: library names or structure files.
        temperatures_kelvin: one run each; None for one run with those of the protocol.
        timesteps_fs: one run each; None for one run with those of the protocol.
        seeds: one run each.
        output: folder of the campaign; empty takes ``runs/NAME``.
    """

    name: str
    models: tuple[ModelEntry, ...] = Field(
        min_length=1, description='spec strings, e.g. models = ["student:tiny", "best_model.pt"]'
    )
    systems: tuple[str, ...] = Field(
        min_length=1, description='names or files, e.g. systems = ["water", "my.pdb"]'
    )
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
                raise ValueError(f"{key} has a repeated value; give each value once")
        labels = self.labels
        if len(set(labels)) != len(labels):
            raise ValueError("two models have the same label; give them different ones")
        return self

    @property
    def labels(self) -> list[str]:
        """Labels of the models, in order."""
        return [model.label or model.spec for model in self.models]

    @property
    def folder(self) -> Path:
        """Folder of the campaign."""
        return Path(self.output or f"runs/{self.name}")


def load_spec(path: Path) -> CampaignSpec:
    """Read a specification from TOML; the default name of the campaign is that of the file.

    Raises:
        ConfigError: unreadable file, unknown key, invalid value.
    """
    try:
        table = read_toml(path)
    except FileError as error:
        message = f"cannot read campaign {cut(str(path))}: {error}; expected a TOML file"
        raise ConfigError(message) from error
    return parse_spec({"name": path.stem, **table}, origin=str(path))


def parse_spec(table: Mapping[str, Any], *, origin: str) -> CampaignSpec:
    """Validate a table read from TOML; ``origin`` identifies it in messages.

    Raises:
        ConfigError: unknown key or invalid value.
    """
    try:
        return CampaignSpec.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"campaign {origin}: {explain(error, CampaignSpec)}") from error
