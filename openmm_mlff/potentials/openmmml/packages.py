"""Packages required by openmm-ml's potentials, and how to install them."""

import importlib.util
from typing import NamedTuple

from openmm_mlff.errors import MissingDependencyError


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


def needed_package(name: str) -> Package | None:
    """Return the package that a potential of openmm-ml requires; None if unknown."""
    return next((package for start, package in _NEEDED.items() if name.startswith(start)), None)


def check_package(name: str) -> None:
    """Check that the package of a potential of openmm-ml is installed, without importing it.

    Raises:
        MissingDependencyError: it is not; the message contains the installation command.
    """
    package = needed_package(name)
    if package is not None and importlib.util.find_spec(package.module) is None:
        raise MissingDependencyError(missing(name, f"there is no module {package.module}"))


def missing(name: str, reason: str) -> str:
    """Return the error message for a missing package, with reason and remedy."""
    package = needed_package(name)
    advice = f"run: {package.command}" if package else "install the package that it names"
    return f"openmm-ml:{name} needs a package that cannot be imported ({reason}); {advice}"
