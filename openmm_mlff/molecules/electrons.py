"""Charge and spin multiplicity under the names that other programs use in ``atoms.info``.

MACE, fairchem and ORB read ``charge`` and ``spin``, AIMNet2 ``charge`` and ``mult`` or ``spin``;
each of these names means the multiplicity, 2S + 1, and not the number of unpaired electrons.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ase import Atoms

CHARGE_NAMES = ("charge", "total_charge")
MULTIPLICITY_NAMES = ("multiplicity", "spin", "mult", "total_spin", "spin_multiplicity")
_WRITTEN = MULTIPLICITY_NAMES[:-1]

_UNKNOWN_CHARGE = re.compile(r"charge|^q$|^(net|tot|total|mol)_?q|^q_?(net|tot|mol)", re.IGNORECASE)
_UNKNOWN_SPIN = re.compile(
    r"spin|mult|unpaired|^2s\+1$|^uhf$|^nalpha|^magmom$|^(?-i:S)$", re.IGNORECASE
)
_WHOLE = 0.01
"""Maximum deviation of summed charges and moments from an integer."""


def info_of(*, charge: int, multiplicity: int) -> dict[str, int]:
    """Return ``atoms.info`` entries of charge (e) and multiplicity (2S + 1) under all names."""
    return {**dict.fromkeys(CHARGE_NAMES, charge), **dict.fromkeys(_WRITTEN, multiplicity)}


def lowest_multiplicity(atomic_numbers: npt.ArrayLike, *, charge: int = 0) -> int:
    """Return the lowest multiplicity, 1 or 2, that the electrons of atoms (N,) allow."""
    return 1 + (int(np.sum(atomic_numbers)) - charge) % 2


def recorded(info: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the value recorded in ``atoms.info`` under one of several names, or None.

    Case is ignored.

    Raises:
        ValueError: two names have different values.
    """
    found = {name: value for name, value in info.items() if str(name).lower() in names}
    values = list(found.values())
    if any(not np.array_equal(value, values[0]) for value in values[1:]):
        listed = " and ".join(f"{name}={value}" for name, value in found.items())
        raise ValueError(f"{listed} contradict each other; keep one of them")
    return values[0] if values else None


def recorded_electrons(atoms: "Atoms") -> tuple[Any, Any]:
    """Return total charge and multiplicity of ``ase.Atoms``, None where absent.

    They are in ``info``, or follow from initial charges and moments.

    Raises:
        ValueError: contradicting values, or a name that is not known.
    """
    charge, multiplicity = (recorded(atoms.info, n) for n in (CHARGE_NAMES, MULTIPLICITY_NAMES))
    if charge is None:
        charge = _whole_sum(atoms, "initial_charges")
    if multiplicity is None:
        unpaired = _whole_sum(atoms, "initial_magmoms")
        multiplicity = unpaired if unpaired is None else abs(unpaired) + 1
    if charge is None:
        _refuse_unknown(atoms.info, _UNKNOWN_CHARGE, write="charge= (total charge, e)")
    if multiplicity is None:
        _refuse_unknown(atoms.info, _UNKNOWN_SPIN, write="multiplicity= (2S + 1)")
    return charge, multiplicity


def _whole_sum(atoms: "Atoms", name: str) -> int | None:
    """Return the sum of a property of the atoms if it is a whole number other than 0."""
    if not atoms.has(name):
        return None
    total = float(np.sum(atoms.get_array(name)))
    is_whole = np.isfinite(total) and abs(total - round(total)) < _WHOLE
    return round(total) if is_whole and round(total) else None


def _refuse_unknown(info: Mapping[str, Any], pattern: re.Pattern[str], *, write: str) -> None:
    """Raise for a whole number under a name that looks like a charge or spin."""
    for name, value in info.items():
        is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if is_number and value and float(value).is_integer() and pattern.search(str(name)):
            raise ValueError(f"{name}={value} is not recognised; write {write}")
