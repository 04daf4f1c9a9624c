"""Charge and spin multiplicity under the names that other programs use in ``atoms.info``.

MACE, fairchem and ORB read ``charge`` and ``spin``, AIMNet2 ``charge`` and ``mult`` or ``spin``;
each of these names means the multiplicity, 2S + 1, and not the number of unpaired electrons.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

CHARGE_NAMES = ("charge", "total_charge")
MULTIPLICITY_NAMES = ("multiplicity", "spin", "mult", "total_spin", "spin_multiplicity")

_WRITTEN = ("multiplicity", "spin", "mult")


def info_of(*, charge: int, multiplicity: int) -> dict[str, int]:
    """Return ``atoms.info`` entries of charge (e) and multiplicity (2S + 1) under all names."""
    return {"charge": charge, **dict.fromkeys(_WRITTEN, multiplicity)}


def lowest_multiplicity(atomic_numbers: npt.ArrayLike, *, charge: int = 0) -> int:
    """Return the lowest multiplicity, 1 or 2, that the electrons of atoms (N,) allow."""
    return 1 + (int(np.sum(atomic_numbers)) - charge) % 2


def recorded(info: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the value recorded in ``atoms.info`` under one of several names, or None.

    Raises:
        ValueError: two names have different values.
    """
    found = {name: info[name] for name in names if name in info}
    values = list(found.values())
    if any(not np.array_equal(value, values[0]) for value in values[1:]):
        listed = " and ".join(f"{name}={value}" for name, value in found.items())
        raise ValueError(f"{listed} contradict each other; keep one of them")
    return values[0] if values else None
