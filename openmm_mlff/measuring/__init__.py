"""What a check may ask of a potential: the ``Subject``, and the measurements that checks share.

May import potentials, simulation and storage; MDTraj is imported here and nowhere else.  Shared
measurements are made once, stored in the run folder and reused by every check that names them in
its ``needs``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openmm_mlff.measuring.evaluation import Points
    from openmm_mlff.measuring.reference import Reference
    from openmm_mlff.measuring.subject import Subject

_HOME = {"Points": "evaluation", "Reference": "reference", "Subject": "subject"}

__all__ = ["Points", "Reference", "Subject"]


def __getattr__(name: str) -> Any:
    """Return a name that is imported on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff.measuring' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.measuring.{_HOME[name]}"), name)
