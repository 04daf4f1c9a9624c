"""Options that say how a potential is read and run; shared by the commands that load one."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from openmm_mlff.config import PotentialOptions
from openmm_mlff.errors import ConfigError

_PANEL = "How the potential is read and run"
_OPTIONS = {"hydrogen_mass_amu": "hydrogen-mass", "parameters": "parameter"}
"""Names of options that are not those of their fields."""

_MIXED = "ML/MM: one part by the potential, the rest by a force field"

Backend = Annotated[
    str,
    typer.Option(
        help="torchforce (TorchScript in TorchForce), torchforce-plain (the same through automatic "
        "gradients, slower) or python (PyTorch in PythonForce)",
        rich_help_panel=_PANEL,
    ),
]
Compiled = Annotated[
    bool,
    typer.Option(
        "--compiled",
        help="With --backend python: compiled ahead of time, several times faster after a minute "
        "of compiling",
        rich_help_panel=_PANEL,
    ),
]
Contract = Annotated[
    str | None,
    typer.Option(
        help="Of a TorchScript file whose signature is ambiguous: positions, positions-box or "
        "numbers-positions",
        rich_help_panel=_PANEL,
    ),
]
EnergyUnit = Annotated[
    str | None,
    typer.Option(
        help="Of a TorchScript file: kJ/mol, kcal/mol, eV or hartree. Default: the contract's",
        rich_help_panel=_PANEL,
    ),
]
LengthUnit = Annotated[
    str | None,
    typer.Option(
        help="Of a TorchScript file: nm, angstrom or bohr. Default: the contract's",
        rich_help_panel=_PANEL,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="Value of a global parameter of a TorchScript file; repeat for several",
        rich_help_panel=_PANEL,
    ),
]
MlAtoms = Annotated[
    str | None,
    typer.Option(
        metavar="SELECTION",
        help="Atoms the potential describes, in MDTraj's language, e.g. 'resname ETH'",
        rich_help_panel=_MIXED,
    ),
]
ForceField = Annotated[
    list[str] | None,
    typer.Option(
        "--forcefield",
        metavar="FILE.xml",
        help="OpenMM force field of the whole system, e.g. amber14-all.xml; repeat for several",
        rich_help_panel=_MIXED,
    ),
]
Constraints = Annotated[
    str,
    typer.Option(
        help="none, or hbonds: bonds to hydrogen in the force field's part are rigid",
        rich_help_panel=_MIXED,
    ),
]
HydrogenMass = Annotated[
    float | None,
    typer.Option(
        metavar="AMU",
        help="Mass of hydrogen, taken from the heavy atom it is bonded to, e.g. 1.5",
        rich_help_panel=_MIXED,
    ),
]


def potential_options(
    *,
    backend: str = "torchforce",
    compiled: bool = False,
    contract: str | None = None,
    energy_unit: str | None = None,
    length_unit: str | None = None,
    parameters: Sequence[str] | None = None,
    ml_atoms: str | None = None,
    forcefield: Sequence[str] | None = None,
    constraints: str = "none",
    hydrogen_mass_amu: float | None = None,
) -> PotentialOptions:
    """Check options and put them together.

    Args:
        backend: ``torchforce`` or ``python``.
        compiled: ahead of time.
        contract: of a TorchScript file.
        energy_unit: of a TorchScript file.
        length_unit: of a TorchScript file.
        parameters: ``NAME=VALUE`` each.
        ml_atoms: MDTraj selection.
        forcefield: OpenMM force field files.
        constraints: of the force field's part.
        hydrogen_mass_amu: of an ML/MM system.

    Returns:
        The options.

    Raises:
        ConfigError: an unknown backend, a parameter that is no number, or options that contradict
            each other.
    """
    if compiled and backend != "python":
        raise ConfigError(f"--compiled was given with --backend {backend}; use --backend python")
    if bool(ml_atoms) != bool(forcefield):
        given, missing = ("--ml-atoms", "--forcefield")[:: 1 if ml_atoms else -1]
        raise ConfigError(f"{given} was given without {missing}; an ML/MM system needs both")
    if not ml_atoms and (constraints != "none" or hydrogen_mass_amu is not None):
        given = "--constraints" if constraints != "none" else "--hydrogen-mass"
        raise ConfigError(
            f"{given} was given without --ml-atoms; it is for the force field of an ML/MM system"
        )
    pairs = [_parameter(text) for text in parameters or ()]
    values_by_name = dict(pairs)
    if len(values_by_name) < len(pairs):
        twice = [name for name, _ in pairs]
        raise ConfigError(
            f"--parameter {max(twice, key=twice.count)!r} is given twice; give it once"
        )
    values: dict[str, Any] = {
        "backend": backend,
        "compiled": compiled,
        "contract": contract,
        "energy_unit": energy_unit,
        "length_unit": length_unit,
        "parameters": values_by_name,
        "ml_atoms": ml_atoms,
        "forcefield": tuple(forcefield or ()),
        "constraints": constraints,
        "hydrogen_mass_amu": hydrogen_mass_amu,
    }
    try:
        return PotentialOptions(**values)
    except ValidationError as error:
        first = error.errors()[0]
        option = _OPTIONS.get(str(first["loc"][0]), str(first["loc"][0]).replace("_", "-"))
        raise ConfigError(
            f"--{option} {first.get('input')}: {first['msg']}; see openmm-mlff validate --help"
        ) from error


def _parameter(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    refusal = f"--parameter {text}: expected NAME=VALUE with a number, e.g. lambda=1.0"
    if not name.strip():
        raise ConfigError(refusal)
    try:
        return name.strip(), float(value)
    except ValueError as error:
        raise ConfigError(refusal) from error
