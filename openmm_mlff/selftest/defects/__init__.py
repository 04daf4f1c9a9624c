"""The planted faults."""

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError
from openmm_mlff.selftest.defects.accuracy import DEFECTS as ACCURACY
from openmm_mlff.selftest.defects.calls import DEFECTS as CALLS
from openmm_mlff.selftest.defects.deployment import DEFECTS as DEPLOYMENT
from openmm_mlff.selftest.defects.forces import DEFECTS as FORCES
from openmm_mlff.selftest.defects.history import DEFECTS as HISTORY
from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.network import DEFECTS as NETWORK
from openmm_mlff.selftest.defects.reach import DEFECTS as REACH
from openmm_mlff.selftest.defects.symmetry import DEFECTS as SYMMETRY

DEFECTS: tuple[Defect, ...] = (
    *SYMMETRY,
    *FORCES,
    *REACH,
    *CALLS,
    *HISTORY,
    *DEPLOYMENT,
    *NETWORK,
    *ACCURACY,
)


def get_defect(name: str) -> Defect:
    """Return the fault with a name.

    Raises:
        ConfigError: there is none; the message has the closest name.
    """
    for defect in DEFECTS:
        if defect.name == name:
            return defect
    raise ConfigError(f"unknown fault {name!r}; {nearest(name, [d.name for d in DEFECTS])}")


__all__ = ["DEFECTS", "Defect", "get_defect"]
