"""Potentials of other packages: `NAME:ARGUMENT`, by the entry point `openmm_mlff.potentials`."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import Potential
from openmm_mlff.specs import installed_entries
from openmm_mlff.storage.files import inside
from openmm_mlff.storage.fingerprint import Sources, files_named, own_sources

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator


def load_installed(spec: str) -> Potential | None:
    """Load ``NAME:ARGUMENT`` from the installed entry point NAME; None if there is none.

    The factory is called with the argument and returns a `Potential` or an ASE calculator.

    Raises:
        PotentialError: the factory cannot be loaded, fails, or returns something else.
    """
    found = installed_entries(spec)
    if not found:
        return None
    argument = spec.partition(":")[2]
    try:
        factory = found[0].load()
        made = factory(argument)
    # Third-party code may raise anything.
    except (Exception, SystemExit) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise PotentialError(
            f"{spec}: the plugin {found[0].value} cannot create it ({said}); repair or reinstall "
            "the package that provides it"
        ) from error
    if isinstance(made, Potential):
        return made
    home = found[0].value.partition(":")[0]
    return _of_calculator(made, lambda: factory(argument), spec=spec, home=home)


def _of_calculator(
    made: Any, make: "Callable[[], BaseCalculator]", *, spec: str, home: str
) -> Potential:
    from ase.calculators.calculator import BaseCalculator

    from openmm_mlff.potentials.ase import AsePotential

    if not isinstance(made, BaseCalculator):
        raise PotentialError(
            f"{spec}: its plugin returned a {type(made).__name__}; expected a Potential or an ASE "
            "calculator"
        )

    class Installed(AsePotential):
        """An ASE potential whose calculators are created by the factory of an entry point."""

        def __init__(self) -> None:
            super().__init__(type(made), {}, spec=spec)
            self.name = spec.replace(":", "-")

        def sources(self) -> Sources:
            """Add the module of the entry point, and a file named by its argument."""
            own = super().sources()
            argument = {"": spec.partition(":")[2]}
            files = {**own.files, **own_sources(home), **files_named(argument)}
            return replace(own, files=files, modules=(*own.modules, home))

        def ase_calculator(
            self, *, precision: str = "mixed", device: str = "cpu"
        ) -> BaseCalculator:
            with inside(self._folder):
                return make()

    return Installed()
