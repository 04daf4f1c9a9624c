"""Potentials of other packages: `NAME:ARGUMENT`, by the entry point `openmm_mlff.potentials`."""

import hashlib
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import Potential

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator

ENTRY_POINTS = "openmm_mlff.potentials"


def packages_of(spec: str) -> tuple[str, ...]:
    """Name the installed package, if any, that makes the potential of a spec string."""
    return tuple(entry.dist.name for entry in _entries(spec) if entry.dist is not None)[:1]


def load_installed(spec: str) -> Potential | None:
    """Load the potential of an installed entry point.

    Args:
        spec: ``NAME:ARGUMENT``; the factory NAME is called with the argument and gives a
            `Potential` or an ASE calculator.

    Returns:
        The potential; None where no entry point has that name.

    Raises:
        PotentialError: the factory cannot be loaded, breaks, or gives something else.
    """
    found = _entries(spec)
    if not found:
        return None
    argument = spec.partition(":")[2]
    try:
        factory = found[0].load()
        made = factory(argument)
    # Somebody else's code, which may raise anything.
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise PotentialError(
            f"{spec}: the plugin {found[0].value} cannot make it ({said}); mend or reinstall the "
            "package that brings it"
        ) from error
    if isinstance(made, Potential):
        return made
    return _of_calculator(made, lambda: factory(argument), spec=spec)


def _entries(spec: str) -> tuple[EntryPoint, ...]:
    """Give the entry points of the name before a spec string's first colon."""
    name, colon, _ = spec.partition(":")
    return tuple(entry_points(group=ENTRY_POINTS, name=name)) if colon else ()


def _of_calculator(made: Any, make: "Callable[[], BaseCalculator]", *, spec: str) -> Potential:
    from ase.calculators.calculator import BaseCalculator

    from openmm_mlff.potentials.ase import AsePotential

    if not isinstance(made, BaseCalculator):
        raise PotentialError(
            f"{spec}: its plugin gave a {type(made).__name__}; expected a Potential or an ASE "
            "calculator"
        )

    class Installed(AsePotential):
        """Makes its calculators by the factory."""

        def __init__(self) -> None:
            super().__init__(type(made), {}, spec=spec)
            self.name = spec.replace(":", "-")
            self.sha256 = hashlib.sha256(spec.encode()).hexdigest()

        def ase_calculator(
            self, *, precision: str = "mixed", device: str = "cpu"
        ) -> BaseCalculator:
            return make()

    return Installed()
