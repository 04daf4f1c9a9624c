"""The planted faults.

``table`` lists them all; ``surface``, ``pairs``, ``state``, ``deployment`` and ``network`` contain
what is planted, ``plant`` how.
"""

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError
from openmm_mlff.selftest.faults.plant import Fault
from openmm_mlff.selftest.faults.table import FAULTS


def get_fault(name: str) -> Fault:
    """Return the fault with a name, or raise ConfigError with the closest one."""
    for fault in FAULTS:
        if fault.name == name:
            return fault
    raise ConfigError(f"unknown fault {name!r}; {nearest(name, [one.name for one in FAULTS])}")


__all__ = ["FAULTS", "Fault", "get_fault"]
