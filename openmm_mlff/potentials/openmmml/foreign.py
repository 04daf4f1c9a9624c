"""openmm-ml's potentials as ours: ``openmm-ml:NAME`` and ``openmm-ml:NAME?key=value&...``."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import openmm
from openmmml import MLPotential
from openmmml.mlpotential import MLPotentialImpl, MLPotentialImplFactory

from openmm_mlff.config import nearest
from openmm_mlff.errors import MissingDependencyError, PotentialError, UserError
from openmm_mlff.files import inside
from openmm_mlff.fingerprint import Sources, files_named, own_sources
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import read_options
from openmm_mlff.potentials.base import Potential, check_precision
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.openmmml.packages import check_package, missing, needed_package
from openmm_mlff.potentials.openmmml.topology import topology_of
from openmm_mlff.potentials.parameters import parameters_sha256

if TYPE_CHECKING:
    from openmm_mlff.potentials.openmmml.calculator import OpenMMCalculator

PREFIX = "openmm-ml:"
_OF_ASE = "ase"
_LONG_RANGE = "mlLongRange"
_EXAMPLE = "openmm-ml:mace-off23-small, or openmm-ml:mace?modelPath=my.model"

# What constructors and model files raise on what they do not take; theirs, not ours.
_REFUSALS = (TypeError, ValueError, RuntimeError, LookupError, AssertionError)
_Made = TypeVar("_Made")


class OpenMMMLPotential(Potential):
    """Any potential that openmm-ml knows, its own or of a plugin.

    Options go to `MLPotential` where its implementation names them or takes all, and to
    `createSystem` unless `MLPotential` named them.  openmm-ml passes over options that it does not
    know.  It chooses the device by itself, CUDA where there is one; ``?device=cpu`` overrules it.
    Charge and multiplicity are handed over with every molecule; models without them ignore them.
    ``mlLongRange`` says of a model, where openmm-ml does not know it, whether it describes
    long-range interactions in an ML/MM system.  The precision is handed over where the
    implementation asks for one.

    The path through ASE is OpenMM's Reference platform, for there is no other way to these models:
    comparing the two shows how OpenMM's platforms differ, not what openmm-ml makes of a model.
    Where the model has a calculator of its own, ``--own-calculator`` compares with that.

    Args:
        impl: openmm-ml's implementation.
        name: openmm-ml's name of the potential.
        options: keyword arguments for `createSystem`.
        spec: the string that named it.
    """

    def __init__(
        self, impl: MLPotentialImpl, *, name: str, options: dict[str, Any], spec: str
    ) -> None:
        self.impl = impl
        self.potential_name = name
        self.options = {key: value for key, value in options.items() if key != _LONG_RANGE}
        self.is_long_range = _long_range(impl, given=options.get(_LONG_RANGE), spec=spec)
        self.spec = spec
        # Relative paths are those of the folder that the spec was given in.
        self._folder = Path.cwd()
        self.name = _folder_name(spec)
        self.n_parameters = None
        self.elements = None
        self.box_is_free = False
        if isinstance(impl, PotentialImpl):
            self.n_parameters = impl.potential.n_parameters
            self.elements = impl.potential.elements
            self.composition_is_free = impl.potential.composition_is_free

    @classmethod
    def from_spec(cls, spec: str) -> "OpenMMMLPotential":
        """Read ``openmm-ml:NAME?key=value&...``.

        Args:
            spec: numbers, true, false and null among the values are read as such, and JSON.

        Returns:
            The potential.

        Raises:
            PotentialError: the spec is malformed, names nothing that openmm-ml knows, or openmm-ml
                refuses the options.
            MissingDependencyError: the package behind the potential is not installed.
        """
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

    def fresh(self) -> Potential:
        """See :meth:`Potential.fresh`; openmm-ml makes its implementation again."""
        other = super().fresh()
        if isinstance(other, OpenMMMLPotential):
            other.impl = self._impl_again()
        return other

    def _impl_again(self) -> MLPotentialImpl:
        if isinstance(self.impl, PotentialImpl):
            return PotentialImpl(self.impl.potential.fresh(), precision=self.impl.precision)
        with inside(self._folder):
            return OpenMMMLPotential.from_spec(self.spec).impl

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
        """See :meth:`Potential.check_molecule`; our own plugins are asked, others are not."""
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

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> "OpenMMCalculator":
        """Evaluate the same System in OpenMM, on its Reference platform, for ASE.

        Args:
            precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64, where
                the model has a choice.
            device: ignored; openmm-ml chooses.

        Returns:
            A new calculator.
        """
        from openmm_mlff.potentials.openmmml.calculator import OpenMMCalculator

        check_precision(precision)
        return OpenMMCalculator(lambda molecule: self.create_system(molecule, precision=precision))

    def _precision(self, precision: str) -> dict[str, str]:
        """Say it to those that ask: ours know three, openmm-ml's own two."""
        check_precision(precision)
        if isinstance(self.impl, PotentialImpl):
            return {"precision": precision}
        if "precision" not in inspect.signature(self.impl.addForces).parameters:
            return {}
        return {"precision": "double" if precision == "double" else "single"}


class _Collector(openmm.System):
    """Keeps the forces that it is given instead of owning them, so none has to be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.forces: list[openmm.Force] = []

    def addForce(self, force: openmm.Force) -> int:  # noqa: N802
        self.forces.append(force)
        return len(self.forces) - 1


def _factory(name: str) -> MLPotentialImplFactory:
    """Find what openmm-ml registered."""
    known = sorted(MLPotential._implFactories)
    if name not in known:
        raise PotentialError(
            f"openmm-ml knows no potential {name!r}; {nearest(name, known)} "
            f"(for example {_EXAMPLE})"
        )
    if name == _OF_ASE:
        raise PotentialError(
            "openmm-ml:ase needs a calculator object, which a spec string cannot hold; name the "
            "calculator itself, for example ase:tblite.ase:TBLite?method=GFN2-xTB"
        )
    return MLPotential._implFactories[name]


def _long_range(impl: MLPotentialImpl, *, given: bool | None, spec: str) -> bool | None:
    """Return what openmm-ml says of the model's range, or else what the spec says."""
    known = impl.getMLLongRange()
    if known is not None and given is not None:
        raise PotentialError(
            f"{spec}: {_LONG_RANGE} is {str(known).lower()} for this model; leave it out"
        )
    return given if known is None else known


def _shared_out(
    factory: MLPotentialImplFactory, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Share the options out between `MLPotential` and `createSystem`."""
    parameters = inspect.signature(factory.createImpl).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    first = {key: value for key, value in options.items() if takes_all or key in parameters}
    later = {key: value for key, value in options.items() if key not in parameters}
    return first, later


def _asked(make: Callable[[], _Made], *, name: str) -> _Made:
    """Let openmm-ml make something, and say in one line why it cannot."""
    try:
        return make()
    except UserError:
        raise
    except ImportError as error:
        raise MissingDependencyError(missing(name, _one_line(error))) from error
    except OSError as error:
        raise PotentialError(
            f"openmm-ml cannot read or download the model of {name} ({_one_line(error)}); see that "
            "the file, or the network, is there; most families take ?modelPath=FILE"
        ) from error
    except _REFUSALS as error:
        raise PotentialError(
            f"openmm-ml cannot make {name} ({type(error).__name__}: {_one_line(error)}); correct "
            "the options after the ?, or choose another potential for these atoms"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _folder_name(spec: str) -> str:
    """Make a name for folders: letters, digits, dot, underscore and hyphen."""
    name, _, query = spec.removeprefix(PREFIX).partition("?")
    values = [Path(str(value)).name for value in (read_options(query) or {}).values()]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join([name, *values])).strip("-.")
