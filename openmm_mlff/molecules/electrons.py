"""Charge and spin multiplicity under the names that other programs give them in ``atoms.info``.

MACE, fairchem and ORB read ``charge`` and ``spin``, AIMNet2 ``charge`` and ``mult`` or ``spin``; by
each of these names the spin is the multiplicity, 2S + 1, and not the number of unpaired electrons.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

CHARGE_NAMES = ("charge", "total_charge")
MULTIPLICITY_NAMES = ("multiplicity", "spin", "mult", "total_spin", "spin_multiplicity")

_WRITTEN = ("multiplicity", "spin", "mult")


def info_of(*, charge: int, multiplicity: int) -> dict[str, int]:
    """Return charge and multiplicity under every name that a calculator may read.

    Args:
        charge: total, e.
        multiplicity: 2S + 1.

    Returns:
        Entries of ``atoms.info``.
    """
    return {"charge": charge, **dict.fromkeys(_WRITTEN, multiplicity)}


def recorded(info: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return what ``atoms.info`` records under one of several names.

    Args:
        info: of a file or of a calculator's atoms.
        names: :data:`CHARGE_NAMES` or :data:`MULTIPLICITY_NAMES`.

    Returns:
        The value, of any type; None where no name is there.

    Raises:
        ValueError: two names stand for different values.
    """
    found = {name: info[name] for name in names if name in info}
    values = list(found.values())
    if any(not np.array_equal(value, values[0]) for value in values[1:]):
        listed = " and ".join(f"{name}={value}" for name, value in found.items())
        raise ValueError(f"{listed} contradict each other; keep one of them")
    return values[0] if values else None
