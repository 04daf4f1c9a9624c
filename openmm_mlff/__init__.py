"""Validate machine-learned force fields as they are deployed in OpenMM.

>>> import openmm_mlff as mlff
>>> report = mlff.validate("student:original", systems=["water"], protocol="quick")
>>> report.verdict.status

Public names are imported lazily.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openmm_mlff import reporters
    from openmm_mlff.config import load_protocol
    from openmm_mlff.errors import MlffError, UserError
    from openmm_mlff.molecules import MolecularSystem, list_systems, load_system, load_systems
    from openmm_mlff.pipeline import validate
    from openmm_mlff.potentials import load_potential
    from openmm_mlff.potentials.calculators import StudentForceFieldCalculator
    from openmm_mlff.results import ValidationReport

__version__ = "0.1.0"

_HOME = {
    "MlffError": "errors",
    "MolecularSystem": "molecules",
    "StudentForceFieldCalculator": "potentials.calculators",
    "UserError": "errors",
    "ValidationReport": "results",
    "list_systems": "molecules",
    "load_potential": "potentials",
    "load_protocol": "config",
    "load_system": "molecules",
    "load_systems": "molecules",
    "validate": "pipeline",
}

__all__ = [
    "MlffError",
    "MolecularSystem",
    "StudentForceFieldCalculator",
    "UserError",
    "ValidationReport",
    "list_systems",
    "load_potential",
    "load_protocol",
    "load_system",
    "load_systems",
    "reporters",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name == "reporters":
        return import_module("openmm_mlff.reporters")
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
