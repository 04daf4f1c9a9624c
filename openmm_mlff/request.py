"""The settings of a validation, defined once.

The options of `openmm-mlff validate` and of pytest, the keywords of `openmm_mlff.validate`, the
cells of a campaign, `run.json` and the command under "Repeat" all derive from
:class:`ValidationRequest`.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from openmm_mlff.config import (
    AUTO_PLATFORM,
    AUTO_REFERENCE,
    LONGEST_PS,
    MOST_REPLICAS,
    Femtoseconds,
    Frozen,
    Kelvin,
    Protocol,
    canonical_sha256,
    nearest,
)
from openmm_mlff.errors import ConfigError
from openmm_mlff.options import (
    NO_OPTIONS,
    OBJECT_PREFIX,
    Option,
    PotentialOptions,
    Setting,
    Texts,
    text_of,
)

DEFAULT_SYSTEMS = ("water", "methane", "alanine")
LARGEST_SEED = 2**31 - 1
"""OpenMM's seeds have 32 bits."""


class SharedSettings(Frozen):
    """Settings common to a validation and all runs of a campaign."""

    protocol: str | Protocol = Field(
        default="standard",
        description="quick (about a minute, never approves), standard, extended; for a periodic "
        "box also liquid, liquid-quick, crystal, crystal-quick; or FILE.toml",
    )
    reference: str | None = Field(
        default=AUTO_REFERENCE,
        description="Potential or data to compare with: a spec string, a file of labelled frames "
        "(extxyz, ASE db), auto (the teacher that the potential names, GFN2-xTB for the shipped "
        "students; accuracy is not judged where it names none), none, or none:REASON",
    )
    platform: str = Field(
        default=AUTO_PLATFORM, description="auto, CUDA, OpenCL, HIP, CPU or Reference"
    )
    precision: Literal["single", "mixed", "double"] = Field(
        default="mixed",
        description="single or mixed (float32 weights), or double (float64 weights)",
    )
    duration_ps: Annotated[float | None, Option("--duration", metavar="PS")] = Field(
        default=None,
        gt=0.0,
        le=LONGEST_PS,
        description="Length of each NVE run, ps; a run shorter than the protocol's can reject, "
        "but not approve. Default: the protocol's",
    )
    replicas: int | None = Field(
        default=None,
        ge=1,
        le=MOST_REPLICAS,
        description="Number of runs with different initial velocities for each condition; those "
        "of a student share one Context. Default: the protocol's number",
    )
    charge: int | None = Field(
        default=None, description="Total charge of the systems, e, instead of the recorded one"
    )
    multiplicity: int | None = Field(
        default=None, description="Spin multiplicity of the systems, instead of the recorded one"
    )
    plugins: Annotated[Texts, Option("--plugin", metavar="FILE.py")] = Field(
        default=(),
        description="Python file with checks of your own, whose code is run; repeat for several",
    )


class ValidationRequest(SharedSettings):
    """Settings of one validation, before anything is loaded."""

    potential: str = Field(
        description="student:original|tiny|ultra-tiny|water, PATH of a checkpoint or a TorchScript "
        "file, openmm-ml:NAME, openmm:FORCEFIELD.xml, or ase:MODULE:NAME?key=value"
    )
    systems: Annotated[Texts, Option("--system", short="-s")] = Field(
        default=DEFAULT_SYSTEMS,
        description="Library name (openmm-mlff systems), a structure file (PDB, mmCIF, SDF, MOL2, "
        "XYZ, extxyz, CIF, POSCAR, ASE traj or db; FILE@N for one frame, FILE@all), or "
        "smiles:SMILES; repeat for several. Default: water, methane, alanine",
    )
    names: Annotated[Texts, Option("--name")] = Field(
        default=(),
        description="Name of a --system in reports and folders; repeat in the order of the "
        "systems. Default: from the file, or from the SMILES",
    )
    add_hydrogens: bool = Field(
        default=False,
        description="Add the hydrogens that are missing according to the bonds and charges of an "
        "SDF or MOL file",
    )
    own_calculator: Annotated[str | None, Option(metavar="SPEC")] = Field(
        default=None,
        description="The model's own ASE calculator, ase:MODULE:NAME?key=value, to which the "
        "evaluation in OpenMM is compared; for potentials that can be evaluated in OpenMM only "
        "(openmm-ml:)",
    )
    committee: Annotated[Texts, Option("--committee", metavar="SPEC")] = Field(
        default=(),
        description="Another model for the same purpose, trained apart; repeat for several. The "
        "spread of the forces of all is reported",
    )
    second_reference: Annotated[str | None, Option(metavar="SPEC")] = Field(
        default=None,
        description="Another potential to compare with, beside --reference: whether the two agree "
        "with each other better than the model with either",
    )
    seed: int = Field(
        default=1, ge=0, le=LARGEST_SEED, description="Seed of velocities and distortions"
    )
    temperature_kelvin: Annotated[Kelvin | None, Option("--temperature", metavar="KELVIN")] = Field(
        default=None, description="Temperature of every run, K. Default: the protocol's, 300 K"
    )
    timestep_fs: Annotated[Femtoseconds | None, Option("--timestep", metavar="FS")] = Field(
        default=None, description="Timestep of the NVE runs, fs. Default: the protocol's"
    )
    output: Annotated[Path | None, Option(decides=False)] = Field(
        default=None, description="Folder of the run. Default: a new one under runs/"
    )
    resume: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Resume the run in --output"
    )
    sandbox: Annotated[bool | None, Option(decides=False)] = Field(
        default=None,
        description="Run the potential in a separate process, so that a crash affects one check "
        "and not the whole run. Default: yes, on Linux",
    )
    time_limit_s: Annotated[
        float | None,
        Option("--time-limit", metavar="SECONDS", decides=False),
    ] = Field(
        default=None,
        description="Time without progress after which a stage is terminated. Default: 3600",
    )
    total_time_limit_s: Annotated[
        float | None,
        Option("--total-time-limit", metavar="SECONDS", decides=False),
    ] = Field(
        default=None, description="Time after which no further stage is started. Default: none"
    )
    memory_limit_gib: Annotated[
        float | None,
        Option("--memory-limit", metavar="GIB", decides=False),
    ] = Field(
        default=None,
        description="Memory above which a stage is terminated. Default: 80 % of the memory of "
        "the machine",
    )
    jobs: Annotated[int | None, Option(short="-j", decides=False)] = Field(
        default=None,
        description="Number of systems that run concurrently, each in its own process. Default: "
        "one per core; 1 on a GPU",
    )

    options: PotentialOptions = Field(
        default=NO_OPTIONS, description="How the potential is read and run"
    )

    @property
    def sha256(self) -> str:
        """Hash of all settings that affect the results."""
        return canonical_sha256(self.record())

    def record(self) -> dict[str, Any]:
        """Return the settings that affect the results, as JSON for `run.json`."""
        how = {setting.path[0] for setting in settings() if not setting.option.decides}
        return self.model_dump(mode="json", exclude=how)

    @property
    def objects(self) -> tuple[str, ...]:
        """Specs of the calculators that only one Python session had; no command can name them."""
        specs = (self.potential, self.reference or "", self.own_calculator or "")
        return tuple(spec for spec in specs if spec.startswith(OBJECT_PREFIX))

    def to_command(self) -> str:
        """Return the command line of this validation for a POSIX shell."""
        words = ["openmm-mlff", "validate", self.potential]
        for setting in settings():
            if setting.option.decides:
                words += setting.words(self)
        return shlex.join(words)


class ResolvedRequest(ValidationRequest):
    """A request with loaded protocol and known reference (None without one) and platform."""

    protocol: Protocol


@cache
def settings(model: type[BaseModel] = ValidationRequest) -> tuple[Setting, ...]:
    """Return the settings of a request in the order of their fields, nested ones flattened.

    The potential itself is not among them.
    """
    return tuple(_settings(model, ()))


def _settings(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Setting]:
    # The systems come first, although a campaign does not share them.
    names = sorted(model.model_fields, key=lambda name: name != "systems")
    for name in names:
        info = model.model_fields[name]
        if name == "potential":
            continue
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _settings(info.annotation, (*path, name))
            continue
        given = [one for one in info.metadata if isinstance(one, Option)]
        yield Setting((*path, name), info, given[0] if given else Option())


def table_of(values: Iterable[tuple[Setting, Any]]) -> dict[str, Any]:
    """Return values by field name, nested like the fields; None stands for no value."""
    table: dict[str, Any] = {"options": {}}
    for setting, value in values:
        if value is not None:
            target = table["options"] if len(setting.path) > 1 else table
            target[setting.path[-1]] = value
    return table


def request_from(given: Mapping[str, Any]) -> ValidationRequest:
    """Build a request from values by field name.

    Raises:
        ConfigError: unknown name or invalid value.
    """
    try:
        return ValidationRequest.model_validate(dict(given))
    except ValidationError as error:
        raise ConfigError(explain(error)) from error


_EXPECTED = {
    "float_parsing": "expected a number, without a unit",
    "int_parsing": "expected a whole number",
}


def explain(error: ValidationError) -> str:
    """Return a one-line description of the first error in the settings of a request.

    Example: ``--temperature -5: expected a value greater than 0``.
    """
    problem = error.errors()[0]
    path = tuple(str(part) for part in problem["loc"])
    said = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        model = PotentialOptions if path[0] == "options" else ValidationRequest
        return f"unknown setting {path[-1]!r}; {nearest(path[-1], list(model.model_fields))}"
    found = [one for one in settings() if path[: len(one.path)] == one.path]
    if not found:
        return f"{'.'.join(path)}: {said}" if path and path != ("options",) else said
    expected = _EXPECTED.get(problem["type"], said).replace("Input should be ", "expected ")
    for start in ("greater", "less"):
        expected = expected.replace(f"expected {start}", f"expected a value {start}")
    value = problem.get("input")
    shown = f" {text_of(value)}" if isinstance(value, (str, int, float)) else ""
    return f"{found[0].flag}{shown}: {expected}"
