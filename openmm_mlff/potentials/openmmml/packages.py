"""Which package each of openmm-ml's potentials needs, and how to get it."""

import importlib.util
from dataclasses import dataclass

from openmm_mlff.errors import MissingDependencyError


@dataclass(frozen=True)
class Package:
    """A package that openmm-ml imports when a potential is used.

    Attributes:
        module: what it imports.
        command: what installs it.
    """

    module: str
    command: str


# By the start of the potential's name; what the files in openmmml/models import.
_NEEDED = {
    "aceff": Package("torchmdnet", "pip install torchmd-net huggingface_hub"),
    "aimnet": Package("aimnet", "pip install aimnet"),
    "ani": Package("torchani", "pip install torchani"),
    # No wheel: the plugin is built against one OpenMM.
    "deepmd": Package("OpenMMDeepmdPlugin", "conda install ye-ding::openmm_deepmd_plugin"),
    "fennix": Package("fennol", "pip install fennol"),
    "mace": Package("mace", "pip install mace-torch"),
    "nequip": Package("nequip", "pip install nequip"),
    "orb": Package("orb_models", "pip install orb-models"),
    "torchmdnet": Package("torchmdnet", "pip install torchmd-net"),
}


def needed_package(name: str) -> Package | None:
    """Give the package that a potential of openmm-ml needs; None where that is not known."""
    return next((package for start, package in _NEEDED.items() if name.startswith(start)), None)


def check_package(name: str) -> None:
    """See that the package behind a potential of openmm-ml is there, without importing it.

    Args:
        name: openmm-ml's.

    Raises:
        MissingDependencyError: it is not; the message names the command that installs it.
    """
    package = needed_package(name)
    if package is not None and importlib.util.find_spec(package.module) is None:
        raise MissingDependencyError(missing(name, f"there is no module {package.module}"))


def missing(name: str, reason: str) -> str:
    """Say that a package is missing, and how to get it.

    Args:
        name: openmm-ml's name of the potential.
        reason: what went wrong, in one line.

    Returns:
        The message.
    """
    package = needed_package(name)
    advice = f"run: {package.command}" if package else "install the package that it names"
    return f"openmm-ml:{name} needs a package that cannot be imported ({reason}); {advice}"
