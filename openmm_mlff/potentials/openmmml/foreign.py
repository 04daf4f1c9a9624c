"""openmm-ml's potentials as ours: ``openmm-ml:NAME`` and ``openmm-ml:NAME?key=value&...``."""

import importlib.util
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import openmm
from openmmml import MLPotential
from openmmml.mlpotential import MLPotentialImpl, MLPotentialImplFactory

from openmm_mlff.config import nearest
from openmm_mlff.errors import MissingDependencyError, PotentialError, UserError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import read_options
from openmm_mlff.potentials.base import check_precision
from openmm_mlff.potentials.engine import SystemPotential
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.parameters import parameters_sha256
from openmm_mlff.potentials.topology import topology_of
from openmm_mlff.storage.files import inside
from openmm_mlff.storage.fingerprint import Sources, files_named, own_sources
from openmm_mlff.storage.text import one_line

PREFIX = "openmm-ml:"
_OF_ASE = "ase"
_LONG_RANGE = "mlLongRange"
_EXAMPLE = "openmm-ml:mace-off23-small, or openmm-ml:mace?modelPath=my.model"

# Exceptions of constructors and model files for unsupported arguments.
_REFUSALS = (TypeError, ValueError, RuntimeError, LookupError, AssertionError)
_Made = TypeVar("_Made")


class Package(NamedTuple):
    """A package that openmm-ml imports when a potential is used, and how to install it."""

    module: str
    command: str


# By prefix of the potential's name; imports of the files in openmmml/models.
_NEEDED = {
    "aceff": Package("torchmdnet", "pip install torchmd-net huggingface_hub"),
    "aimnet": Package("aimnet", "pip install aimnet"),
    "ani": Package("torchani", "pip install torchani"),
    # No wheel: the plugin is built for one version of OpenMM.
    "deepmd": Package("OpenMMDeepmdPlugin", "conda install ye-ding::openmm_deepmd_plugin"),
    "fennix": Package("fennol", "pip install fennol"),
    "mace": Package("mace", "pip install mace-torch"),
    "nequip": Package("nequip", "pip install nequip"),
    "orb": Package("orb_models", "pip install orb-models"),
    "torchmdnet": Package("torchmdnet", "pip install torchmd-net"),
}


class OpenMMMLPotential(SystemPotential):
    """Any potential known to openmm-ml, its own or of a plugin.

    Options are passed to `MLPotential` if its implementation names them or accepts any, and to
    `createSystem` unless `MLPotential` named them. openmm-ml ignores unknown options. It chooses
    the device itself, CUDA if available; ``?device=cpu`` overrides it. Charge and multiplicity are
    passed with every molecule; models without them ignore them. ``mlLongRange`` states whether a
    model describes long-range interactions in an ML/MM system, if openmm-ml does not know it. The
    precision is passed if the implementation has such an argument.

    Evaluations through ASE use OpenMM's Reference platform, because there is no other interface to
    these models: comparing the two shows differences between OpenMM's platforms, not errors in
    openmm-ml. For models with a calculator of their own, ``--own-calculator`` compares with that.

    Args:
        impl: openmm-ml's implementation.
        name: openmm-ml's name of the potential.
        options: keyword arguments for `createSystem`.
        spec: the spec string.
    """

    _always_in_double = True

    def __init__(
        self, impl: MLPotentialImpl, *, name: str, options: dict[str, Any], spec: str
    ) -> None:
        self.impl = impl
        self.potential_name = name
        self.options = {key: value for key, value in options.items() if key != _LONG_RANGE}
        self.is_long_range = _long_range(impl, given=options.get(_LONG_RANGE), spec=spec)
        self.spec = spec
        # Relative paths refer to the folder in which the spec was given.
        self._folder = Path.cwd()
        self.name = _folder_name(spec)
        if isinstance(impl, PotentialImpl):
            self.n_parameters = impl.potential.n_parameters
            self.elements = impl.potential.elements
            self.composition_is_free = impl.potential.composition_is_free

    @classmethod
    def from_spec(cls, spec: str) -> "OpenMMMLPotential":
        """Build from ``openmm-ml:NAME?key=value&...``; JSON values are converted."""
        name, _, query = spec.removeprefix(PREFIX).partition("?")
        options = read_options(query)
        if options is None:
            raise PotentialError(
                f"cannot read {spec!r}; expected openmm-ml:NAME?key=value&key=value, for example "
                f"{_EXAMPLE}"
            )
        factory = _factory(name)
        check_package(name)
        first, later = _shared_out(factory, options)
        impl = _asked(lambda: factory.createImpl(name, **first), name=name)
        return cls(impl, name=name, options=later, spec=spec)

    def fresh(self) -> "OpenMMMLPotential":
        """See :meth:`Potential.fresh`; openmm-ml creates a new implementation."""
        other = super().fresh()
        if isinstance(self.impl, PotentialImpl):
            potential = self.impl.potential.fresh()
            other.impl = PotentialImpl(potential, precision=self.impl.precision)
        else:
            with inside(self._folder):
                other.impl = OpenMMMLPotential.from_spec(self.spec).impl
        return other

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: named files, openmm-ml, the model's package, weights."""
        impl = self.impl
        if isinstance(impl, PotentialImpl):
            own = impl.potential.sources()
            return replace(own, modules=(*own.modules, "openmmml"))
        package = needed_package(self.potential_name)
        home = type(impl).__module__
        options = read_options(self.spec.partition("?")[2]) or {}
        return Sources(
            files={**files_named(options), **own_sources(home)},
            modules=("openmmml", home, *([package.module] if package else [])),
            parameters=parameters_sha256(impl, given=options),
        )

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_molecule`; only our own plugins have this check."""
        if isinstance(self.impl, PotentialImpl):
            self.impl.potential.check_molecule(molecule)

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> list[openmm.Force]:
        """See :meth:`Potential.create_forces`."""
        collected = _Collector()
        arguments = {
            "charge": molecule.charge,
            "multiplicity": molecule.multiplicity,
            **self._precision(precision),
            **self.options,
        }
        atoms = None if particles is None else list(particles)
        topology = topology_of(molecule, particles=atoms)
        with inside(self._folder):
            _asked(
                lambda: self.impl.addForces(topology, collected, atoms, 0, **arguments),
                name=self.potential_name,
            )
        return collected.forces

    def _precision(self, precision: str) -> dict[str, str]:
        """Return the precision argument, if any: ours have three values, openmm-ml's own two."""
        check_precision(precision)
        if isinstance(self.impl, PotentialImpl):
            return {"precision": precision}
        if "precision" not in inspect.signature(self.impl.addForces).parameters:
            return {}
        return {"precision": "double" if precision == "double" else "single"}


class _Collector(openmm.System):
    """Collects forces without taking ownership, so that they need not be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.forces: list[openmm.Force] = []

    def addForce(self, force: openmm.Force) -> int:  # noqa: N802
        self.forces.append(force)
        return len(self.forces) - 1


def _factory(name: str) -> MLPotentialImplFactory:
    """Return the factory registered in openmm-ml."""
    known = sorted(MLPotential._implFactories)
    if name not in known:
        raise PotentialError(
            f"openmm-ml has no potential {name!r}; {nearest(name, known)} (for example {_EXAMPLE})"
        )
    if name == _OF_ASE:
        raise PotentialError(
            "openmm-ml:ase needs a calculator object, which a spec string cannot hold; name the "
            "calculator itself, for example ase:tblite.ase:TBLite?method=GFN2-xTB"
        )
    return MLPotential._implFactories[name]


def needed_package(name: str) -> Package | None:
    """Return the package that a potential of openmm-ml requires; None if unknown."""
    return next((package for start, package in _NEEDED.items() if name.startswith(start)), None)


def check_package(name: str) -> None:
    """Check that the package of a potential of openmm-ml is installed, without importing it."""
    package = needed_package(name)
    if package is not None and importlib.util.find_spec(package.module) is None:
        raise MissingDependencyError(missing(name, f"there is no module {package.module}"))


def missing(name: str, reason: str) -> str:
    """Return the error message for a missing package, with reason and remedy."""
    package = needed_package(name)
    advice = f"run: {package.command}" if package else "install the package that it names"
    return f"openmm-ml:{name} needs a package that cannot be imported ({reason}); {advice}"


def _long_range(impl: MLPotentialImpl, *, given: bool | None, spec: str) -> bool | None:
    """Return whether the model is long-range, according to openmm-ml or else the spec."""
    known = impl.getMLLongRange()
    if known is not None and given is not None:
        raise PotentialError(
            f"{spec}: {_LONG_RANGE} is always {str(known).lower()} for this model; leave it out"
        )
    return given if known is None else known


def _shared_out(
    factory: MLPotentialImplFactory, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the options between `MLPotential` and `createSystem`."""
    parameters = inspect.signature(factory.createImpl).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    first = {key: value for key, value in options.items() if takes_all or key in parameters}
    later = {key: value for key, value in options.items() if key not in parameters}
    return first, later


def _asked(make: Callable[[], _Made], *, name: str) -> _Made:
    """Call openmm-ml and convert its exceptions to one-line errors."""
    try:
        return make()
    except UserError:
        raise
    except ImportError as error:
        raise MissingDependencyError(missing(name, one_line(error))) from error
    except OSError as error:
        raise PotentialError(
            f"openmm-ml cannot read or download the model of {name} ({one_line(error)}); check "
            "the path, or the network connection; most families take ?modelPath=FILE"
        ) from error
    except _REFUSALS as error:
        raise PotentialError(
            f"openmm-ml cannot create {name} ({one_line(error, with_type=True)}); correct "
            "the options after the ?, or choose another potential for these atoms"
        ) from error


def _folder_name(spec: str) -> str:
    """Return a name for folders: letters, digits, dot, underscore and hyphen."""
    name, _, query = spec.removeprefix(PREFIX).partition("?")
    values = [Path(str(value)).name for value in (read_options(query) or {}).values()]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join([name, *values])).strip("-.")
