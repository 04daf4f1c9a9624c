"""ASE calculators as potentials and references: `ase:MODULE:NAME?key=value&...`."""

import importlib
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import parse_qsl

from ase.calculators.calculator import BaseCalculator

from openmm_mlff.config import nearest
from openmm_mlff.errors import MissingDependencyError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.bonds import is_non_metal
from openmm_mlff.molecules.system import box_widths_angstrom
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.calculation import python_force
from openmm_mlff.potentials.parameters import model_version, parameters_sha256
from openmm_mlff.potentials.signatures import check_options
from openmm_mlff.storage.files import inside
from openmm_mlff.storage.fingerprint import Sources, files_named, own_sources
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    import openmm

PREFIX = "ase:"
_PIP_NAMES = {
    "aimnet": "aimnet",
    "dftd3": "dftd3",
    "mace": "mace-torch",
    "orb_models": "orb-models",
    "tblite": "tblite",
    "torchani": "torchani",
    "xtb": "xtb",
}
"""Packages known here; another name could be anybody's package."""

_DEFAULTS = {"TBLite": {"verbosity": 0, "accuracy": 0.01, "cache_api": False}}
"""Quiet, without the last SCF after a reset, and with an SCF tight enough that the previous
geometry changes forces by 1e-8 of the largest instead of 2e-5, for 10 % more time (measured on
water and benzene)."""

_GAMMA_ONLY = ("TBLite",)
"""Classes of calculators that sample only the Γ point."""

SMALLEST_WIDTH_ANGSTROM = 12.0
"""GFN2-xTB compared with a wider box: liquid water 12.4 Å wide, 5e-4 meV/atom and 0.07 meV/Å;
silicon 10.9 Å, 4 meV/atom; silicon 5.4 Å, 459; sodium 12.7 Å, 206, since a metal needs many
k-points."""

# Exceptions of calculator constructors for options that they do not accept.
REFUSALS = (
    TypeError,
    ValueError,
    RuntimeError,
    LookupError,
    OSError,
    AssertionError,
    AttributeError,
    ImportError,
    ArithmeticError,
)

# Exceptions that third-party modules may raise on import.
_IMPORT_FAILURES = (*REFUSALS, SyntaxError, NameError, SystemExit)


class AsePotential(Potential):
    """Any ASE calculator; in OpenMM it runs through `PythonForce`.

    Args:
        factory: a calculator class, or a function that returns a calculator.
        options: its keyword arguments.
        spec: the spec string.
        make: makes a calculator instead of the factory.
        home: the module that the spec names, if it is not that of the factory.
    """

    def __init__(
        self,
        factory: Callable[..., BaseCalculator],
        options: dict[str, Any],
        *,
        spec: str,
        make: Callable[..., BaseCalculator] | None = None,
        home: str = "",
    ) -> None:
        self.factory = factory
        self._make = make or factory
        self._home = home or factory.__module__
        self._made_by = getattr(factory, "__name__", type(factory).__name__)
        self.options = options
        self.spec = spec
        # Relative paths refer to the folder in which the spec was given.
        self._folder = Path.cwd()
        self.name = "-".join([self._made_by.lower(), *(str(value) for value in options.values())])

    @classmethod
    def from_spec(cls, spec: str) -> "AsePotential":
        """Build from ``ase:MODULE:NAME?key=value&...``; numbers, true, false, null are converted.

        NAME is a calculator class, or a class or function whose result is a calculator or has one
        as ``.ase()``. No calculator is constructed yet if it is a calculator class.

        Raises:
            PotentialError: the spec is malformed, or is not an ASE calculator.
            MissingDependencyError: the module is not installed.
        """
        body, _, query = spec.removeprefix(PREFIX).partition("?")
        module_name, _, class_name = body.rpartition(":")
        options = read_options(query)
        if not all(module_name.split(".")) or not class_name or options is None:
            raise PotentialError(
                f"cannot read {spec!r}; expected ase:MODULE:NAME?key=value&key=value, "
                "for example ase:tblite.ase:TBLite?method=GFN2-xTB"
            )
        module = _import(module_name, spec)
        found = getattr(module, class_name, None)
        if not _is_factory(found):
            known = [name for name, value in vars(module).items() if _is_factory(value)]
            hint = nearest(class_name, known) if known else "the module has no calculator"
            problem = f"module {module_name} has no {class_name}"
            if found is not None:
                problem = f"{class_name!r} in module {module_name} is not an ASE calculator class"
            raise PotentialError(
                f"{problem}; expected "
                "a subclass of ase.calculators.calculator.BaseCalculator, or a function or class "
                f"whose result is a calculator or has one as .ase(); {hint}"
            )
        check_options(found, options, spec=spec)
        potential = cls(found, options, spec=spec, home=module_name)
        if not _is_calculator_class(found):
            # Only the returned object shows whether it is a calculator.
            potential.shared_calculator()
        return potential

    def ase_calculator(self, *, precision: str = "mixed", device: str = "cpu") -> BaseCalculator:
        """Return a new calculator; precision and device are its own, the arguments ignored."""
        defaults = _DEFAULTS.get(self._made_by, {})
        options = {key: self._absolute(value) for key, value in self.options.items()}
        try:
            with inside(self._folder):
                made = self._make(**(defaults | options))
                if not isinstance(made, BaseCalculator) and callable(getattr(made, "ase", None)):
                    made = made.ase()
        except REFUSALS as error:
            raise PotentialError(
                f"{self.spec}: {self._made_by} rejects its options "
                f"({one_line(error, with_type=True)}); see its documentation "
                "and correct the part after the ?"
            ) from error
        if not isinstance(made, BaseCalculator):
            raise PotentialError(
                f"{self.spec}: {self._made_by} returned a {type(made).__name__}; expected "
                "an ASE calculator"
            )
        return made

    def shared_calculator(self, *, precision: str = "mixed") -> BaseCalculator:
        """See :meth:`Potential.shared_calculator`; the same one for every precision."""
        return super().shared_calculator()

    def _absolute(self, value: Any) -> Any:
        """Return the absolute path if an option is the name of a file, otherwise the option."""
        if isinstance(value, str) and (self._folder / value).is_file():
            return str(self._folder / value)
        return value

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: named files, the user's own modules, parameters."""
        calculator = self.shared_calculator()
        modules = {self._home, self.factory.__module__, type(calculator).__module__}
        file = getattr(sys.modules.get(self.factory.__module__), "__file__", None)
        files = files_named(self.options, beside=Path(file).parent if file else None)
        for name in modules:
            files |= own_sources(name)
        version = model_version(calculator)
        return Sources(
            files=files,
            modules=sorted(modules),
            parameters=parameters_sha256(calculator, given=self.options),
            details={"model_version": version} if version else {},
        )

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check that the calculator provides forces; see :meth:`Potential.check_molecule`."""
        super().check_molecule(molecule)
        given = list(self.shared_calculator().implemented_properties)
        if "forces" not in given:
            raise PotentialError(
                f"{self.spec}: {self._made_by} returns no forces (it returns "
                f"{', '.join(given) or 'nothing'}); dynamics needs them: choose another calculator"
            )

    def check_reference(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_reference`; tblite samples the Γ point only."""
        super().check_reference(molecule)
        if self._made_by not in _GAMMA_ONLY or molecule.cell_angstrom is None:
            return
        width = box_widths_angstrom(molecule.cell_angstrom).min()
        is_metal = not is_non_metal(molecule.atomic_numbers).any()
        if is_metal or width < SMALLEST_WIDTH_ANGSTROM:
            found = "a metal" if is_metal else f"a box {width:.1f} Å wide"
            raise PotentialError(
                f"{self.spec} cannot be the reference of {molecule.name}: it samples the Γ point "
                f"only, which is not sufficient for {found}; expected a non-metal in a box at "
                f"least {SMALLEST_WIDTH_ANGSTROM:g} Å wide: name another with --reference"
            )

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """See :meth:`Potential.create_forces`."""
        calculator = self.shared_calculator(precision=precision)
        return [python_force(molecule, calculator, spec=self.spec, particles=particles)]


def _import(module_name: str, spec: str) -> Any:
    """Import a module, also of the working folder, or raise an error that states what to do."""
    package = module_name.partition(".")[0]
    folder = str(Path.cwd())
    # After all others, so that a file here shadows no library.
    if folder not in sys.path and (Path(f"{package}.py").exists() or Path(package).is_dir()):
        sys.path.append(folder)
    try:
        return importlib.import_module(module_name)
    except _IMPORT_FAILURES as error:
        if not isinstance(error, ImportError):
            raise PotentialError(
                f"{spec}: the module {module_name} cannot be imported ("
                f"{one_line(error, with_type=True)}); expected one that holds an ASE calculator"
            ) from error
        remedy = (
            f"run: pip install {_PIP_NAMES[package]}"
            if package in _PIP_NAMES
            else "install the package that provides it, or put the folder that holds it on "
            "PYTHONPATH (the working folder is searched)"
        )
        raise MissingDependencyError(
            f"{spec} needs the module {module_name}, which cannot be imported ({error}); {remedy}"
        ) from error


def _is_factory(found: Any) -> TypeGuard[Callable[..., BaseCalculator]]:
    """Return whether this is a calculator class, or may make a calculator."""
    if isinstance(found, type):
        return _is_calculator_class(found) or hasattr(found, "ase")
    return callable(found)


def _is_calculator_class(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseCalculator)


def read_options(query: str) -> dict[str, Any] | None:
    """Read ``key=value&key=value``; None if malformed or if a key is repeated.

    Numbers, true, false and null are converted.
    """
    if not query:
        return {}
    try:
        # A plus is literal: these are file and method names, not web forms.
        pairs = parse_qsl(query.replace("+", "%2B"), strict_parsing=True)
    except ValueError:
        return None
    options = {key: option_of(text) for key, text in pairs}
    is_clear = len(options) == len(pairs) and all(options)
    return options if is_clear else None


def option_of(text: str) -> Any:
    """Convert numbers, true, false and null; return everything else as text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) and not math.isfinite(value) else value
