"""Readable names of atoms, and names of molecules that are safe as folder names."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy.typing as npt

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 40
_MOST_ATOMS = 3


def name_atoms(atomic_numbers: npt.ArrayLike, atoms: Iterable[int]) -> str:
    """Return element and one-based index of up to three atoms, e.g. ``O1–H2``."""
    import numpy as np
    from ase.data import chemical_symbols

    numbers, indices = np.asarray(atomic_numbers), list(atoms)
    names = [f"{chemical_symbols[numbers[index]]}{index + 1}" for index in indices]
    more = len(names) - _MOST_ATOMS
    shown = "–".join(names[:_MOST_ATOMS])
    return f"{shown} and {more} more" if more > 0 else shown


def safe_name(text: str, *, otherwise: str) -> str:
    """Return a name of ASCII letters, digits, dots, underscores and hyphens that is not a path.

    The result has at most 40 characters and is never empty, hidden or made of dots; ``otherwise``
    is used if no safe character is left.
    """
    return _UNSAFE.sub("_", text).strip("._-")[:_LONGEST].rstrip("._-") or otherwise


def numbered_names(names: Sequence[str]) -> list[str]:
    """Number equal names so that all differ: a, b, a become a-1, b, a-2; case is ignored."""
    counts = Counter(name.casefold() for name in names)
    used = {name for name, count in counts.items() if count == 1}
    last: Counter[str] = Counter()
    result = []
    for name in names:
        key, chosen = name.casefold(), name
        while counts[key] > 1:
            last[key] += 1
            chosen = f"{name}-{last[key]}"
            if chosen.casefold() not in used:
                break
        used.add(chosen.casefold())
        result.append(chosen)
    return result
