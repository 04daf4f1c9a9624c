"""Read the entries of `benchmark.json`, whose fields are in `openmm_mlff.benchmark.entries`."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from openmm_mlff.report.wording import number

Entry = Mapping[str, Any]
Spread = tuple[float | None, float | None, float | None]
"""A number and the ends of its error bar, each None where it was not measured."""


def distinct(found: Sequence[Entry], key: str) -> list[str]:
    """Return the distinct values of one key in order of first occurrence."""
    return list(dict.fromkeys(entry[key] for entry in found))


def by_platform(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Group entries by platform and precision, e.g. ``CUDA, mixed precision``."""
    grouped: dict[str, list[Entry]] = {}
    for entry in found:
        label = f"{entry['platform']}, {entry['precision']} precision"
        grouped.setdefault(label, []).append(entry)
    return grouped


def find_entry(found: Sequence[Entry], **wanted: str) -> Entry:
    """Return the first entry with the wanted values, or an empty one if it was not measured."""
    matching = (entry for entry in found if wanted.items() <= entry.items())
    return next(matching, {})


def spread(entry: Entry, key: str) -> Spread:
    """Return the median and quartiles of a time, or the median and 95 % interval of a ratio.

    A plain number has no error bar.
    """
    found = entry.get(key, entry.get("ratios", {}).get(key))
    if not isinstance(found, Mapping):
        return found, None, None
    low, high = ("low", "high") if "low" in found else ("p25", "p75")
    return found["median"], found[low], found[high]


def spread_text(entry: Entry, key: str) -> str:
    """Format a number with the ends of its error bar, e.g. ``1.3 (1.28–1.35)``."""
    median, low, high = spread(entry, key)
    return number(median) + (f" ({number(low)}–{number(high)})" if low is not None else "")


def model_names(models: Sequence[str]) -> dict[str, str]:
    """Map model specs to short names, e.g. ``student:tiny`` to ``tiny``, if these are unique."""
    short = {model: PurePath(model.removeprefix("student:")).name or model for model in models}
    unique = len(set(short.values())) == len(short)
    return short if unique else {model: model for model in models}
