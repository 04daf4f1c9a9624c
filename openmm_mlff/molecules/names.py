"""Names that are safe as the name of a folder."""

import re
from collections import Counter
from collections.abc import Sequence

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60


def safe_name(text: str, *, otherwise: str) -> str:
    """Make a name safe: ASCII letters, digits, dot, underscore and hyphen, no part of a path.

    Args:
        text: any text.
        otherwise: the name where nothing safe is left.

    Returns:
        At most 60 characters; never empty, hidden or made of dots.
    """
    return _UNSAFE.sub("_", text).strip("._-")[:_LONGEST].rstrip("._-") or otherwise


def numbered_names(names: Sequence[str]) -> list[str]:
    """Number equal names, so that each is there once: a, b, a become a-1, b, a-2.

    Args:
        names: in order; a and A count as equal, as they do on some file systems.

    Returns:
        As many, all different.
    """
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
