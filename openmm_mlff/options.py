"""The spec string and the options of a potential, and command-line options of a request."""

import difflib
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic.fields import FieldInfo

from openmm_mlff.config import Frozen, Protocol, list_protocols, load_protocol
from openmm_mlff.errors import PotentialError
from openmm_mlff.storage.files import missing
from openmm_mlff.storage.text import cut

_ALWAYS_NAMED = ("systems", "protocol", "reference", "seed")

Backend = Literal["torchforce", "torchforce-plain", "python"]
"""How OpenMM runs a PyTorch model."""


@dataclass(frozen=True)
class Option:
    """Command-line form of a setting, where it differs from the default.

    Attributes:
        flag: long option; empty for the name of the field.
        short: short option, e.g. ``-s``.
        metavar: placeholder of the value in the help.
        decides: False for a setting that does not affect the results.
    """

    flag: str = ""
    short: str = ""
    metavar: str | None = None
    decides: bool = True


@dataclass(frozen=True)
class Setting:
    """A value that a user can choose.

    Attributes:
        path: names of the nested fields.
        info: of the field.
        option: command-line form.
    """

    path: tuple[str, ...]
    info: FieldInfo
    option: Option

    @property
    def flag(self) -> str:
        """Long option, e.g. ``--system``."""
        return self.option.flag or f"--{self.path[-1].replace('_', '-')}"

    @property
    def name(self) -> str:
        """The flag as a Python name."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def kind(self) -> Any:
        """Type of one value: `str`, `int`, `float`, `bool` or `Path`; `list` for several."""
        return _kind(self.info.annotation)

    @property
    def default(self) -> Any:
        """Default value."""
        return self.info.get_default(call_default_factory=True)

    def words(self, request: BaseModel) -> list[str]:
        """Return the command-line words for a request's value.

        Example: ``["--system", "water", "--system", "methane"]``.  A default is omitted, except for
        the settings that are always shown.
        """
        value: Any = request
        for name in self.path:
            value = getattr(value, name)
        if value == self.default and self.path[0] not in _ALWAYS_NAMED:
            return []
        if isinstance(value, bool):
            return [self.flag if value else f"--no-{self.flag.removeprefix('--')}"]
        if isinstance(value, Mapping):
            value = [f"{name}={number:g}" for name, number in value.items()]
        values = value if isinstance(value, (list, tuple)) else [value]
        return [word for one in values for word in (self.flag, text_of(one))]


def _kind(annotation: Any) -> Any:
    """Return the plain type of an annotation."""
    origin = get_origin(annotation)
    if origin in (tuple, dict):
        return list
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Literal:
        return str
    if origin in (Union, types.UnionType):
        return _kind(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


def text_of(value: Any) -> str:
    """Return the command-line text of a value."""
    if isinstance(value, Protocol):
        shipped = value.name in list_protocols() and value == load_protocol(value.name)
        return value.name if shipped else f"{value.name}.toml"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parameters(value: Any) -> Any:
    """Parse the ``NAME=VALUE`` words of the command line."""
    if isinstance(value, Mapping):
        return value
    found: dict[str, float] = {}
    for text in value:
        name, _, number = (part.strip() for part in str(text).partition("="))
        if name in found:
            raise ValueError(f"{name!r} is given twice; give it once")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise ValueError(f"{text}: expected NAME=VALUE with a number, e.g. lambda=1.0")
    return found


def _several(value: Any) -> Any:
    """Return a single text or path as a tuple, and paths as text."""
    values = (value,) if isinstance(value, (str, Path)) else value
    if not isinstance(values, (list, tuple)):
        return value
    return tuple(str(one) if isinstance(one, Path) else one for one in values)


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""One or several; a single one may be given alone."""


OBJECT_PREFIX = "object:"
"""Of the specs of calculators that only this process has; see `potentials.objects`."""

SPEC_FORMS = (
    "student:original|tiny|ultra-tiny|water, PATH of a checkpoint or a TorchScript file (.pt, "
    ".pth, .ckpt, .safetensors), openmm-ml:NAME, openmm:FORCEFIELD.xml, or "
    "ase:MODULE:NAME?key=value"
)
BUILT_IN = ("ase:", OBJECT_PREFIX, "openmm-ml:", "openmm:", "student:")
_XTB = re.compile(r"gfn[12]-xtb", re.IGNORECASE)
ENTRY_POINTS = "openmm_mlff.potentials"
CHECKPOINT_SUFFIXES = {".pt", ".pth", ".ckpt", ".safetensors"}


def check_spec(spec: str) -> None:
    """Check the form of a spec, without importing what it names.

    Raises:
        PotentialError: it has no valid form.
    """
    path = Path(spec)
    is_file = bool(spec) and (path.suffix in CHECKPOINT_SUFFIXES or not missing(path))
    if not (spec.startswith(BUILT_IN) or is_file or installed_entries(spec)):
        raise PotentialError(f"unknown potential {cut(spec)!r}; {_expected(spec)}")


def _expected(spec: str) -> str:
    """Return what was probably meant, or else all forms."""
    if method := _XTB.fullmatch(spec):
        return f"write ase:tblite.ase:TBLite?method={method[0].upper().replace('XTB', 'xTB')}"
    kind, colon, rest = spec.partition(":")
    meant = difflib.get_close_matches(kind + colon, BUILT_IN, n=1)
    if colon and meant:
        return f"did you mean {meant[0]}{rest}?"
    return f"expected {SPEC_FORMS}"


def installed_entries(spec: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of the name before the first colon of a spec."""
    name, colon, _ = spec.partition(":")
    return tuple(entry_points(group=ENTRY_POINTS, name=name)) if colon else ()


class PotentialOptions(Frozen):
    """Options of a potential that its spec string does not contain."""

    backend: Backend = Field(
        default="torchforce",
        description="torchforce (TorchScript in TorchForce), torchforce-plain (the same through "
        "automatic gradients, slower) or python (PyTorch in PythonTorchForce, else PythonForce)",
    )
    compiled: bool = Field(
        default=False,
        description="With --backend python: compiled ahead of time (AOTInductor), several times "
        "faster after a minute of compiling",
    )
    contract: str | None = Field(
        default=None,
        description="Contract of a TorchScript file whose signature is ambiguous: positions, "
        "positions-box or numbers-positions",
    )
    energy_unit: str | None = Field(
        default=None,
        description="Energy unit of a TorchScript file: kJ/mol, kcal/mol, eV or hartree. Default: "
        "the contract's",
    )
    length_unit: str | None = Field(
        default=None,
        description="Length unit of a TorchScript file: nm, angstrom or bohr. Default: the "
        "contract's",
    )
    parameters: Annotated[
        dict[str, float],
        BeforeValidator(_parameters),
        Option("--parameter", metavar="NAME=VALUE"),
    ] = Field(
        default_factory=dict,
        description="Value of a global parameter of a TorchScript file; repeat for several",
    )
    ml_atoms: Annotated[str | None, Option(metavar="SELECTION")] = Field(
        default=None,
        description="Atoms that the potential describes, in MDTraj's selection language, e.g. "
        "'resname ETH'",
    )
    forcefield: Annotated[Texts, Option(metavar="FILE")] = Field(
        default=(),
        description="Force field of the whole system: files of OpenMM, e.g. amber14-all.xml; or a "
        "prepared system, whose coordinates are the --system: an Amber prmtop, a CHARMM psf and "
        "its parameter files, a GROMACS top, a system.xml; repeat for several",
    )
    constraints: Literal["none", "hbonds"] = Field(
        default="none",
        description="none, or hbonds: bonds to hydrogen in the force field's part are rigid",
    )
    hydrogen_mass_amu: Annotated[float | None, Option("--hydrogen-mass", metavar="AMU")] = Field(
        default=None,
        description="Mass of hydrogen, amu, taken from the heavy atom it is bonded to, e.g. 1.5",
    )

    implicit_solvent: Literal["none", "HCT", "OBC1", "OBC2", "GBn", "GBn2"] = Field(
        default="none",
        description="Generalised Born model of a system prepared with Amber or CHARMM: none, HCT, "
        "OBC1, OBC2, GBn or GBn2",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> "PotentialOptions":
        if self.compiled and self.backend != "python":
            raise ValueError(
                f"--compiled was given with --backend {self.backend}; use --backend python"
            )
        if bool(self.ml_atoms) != bool(self.forcefield):
            given, absent = ("--ml-atoms", "--forcefield")[:: 1 if self.ml_atoms else -1]
            raise ValueError(f"{given} was given without {absent}; an ML/MM system needs both")
        of_forcefield = {
            "--constraints": self.constraints != "none",
            "--hydrogen-mass": self.hydrogen_mass_amu is not None,
            "--implicit-solvent": self.implicit_solvent != "none",
        }
        for given in (flag for flag, is_given in of_forcefield.items() if is_given):
            if not self.ml_atoms:
                raise ValueError(
                    f"{given} was given without --ml-atoms; it applies to the force field of an "
                    "ML/MM system"
                )
        return self


NO_OPTIONS = PotentialOptions()
