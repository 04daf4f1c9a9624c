"""Read the entries of a benchmark; quantities that were not measured are None or empty."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from openmm_mlff.report.wording import NOTHING, number

Entry = Mapping[str, Any]

TIMES = {
    "openmm_ms_per_step": "OpenMM",
    "reporters_ms_per_step": "OpenMM with reporters",
    "ase_ms_per_step": "ASE",
    "model_ms_per_call": "model alone",
}
"""Timings of an entry, each with median and quartiles, and their labels."""


def entries(benchmark: Mapping[str, Any]) -> list[Entry]:
    """Return the entries of a benchmark, one per model, system and platform."""
    return list(benchmark.get("entries") or ())


def backends(found: Sequence[Entry]) -> list[str]:
    """Return the backends; empty where entries do not name them."""
    return distinct([entry for entry in found if entry.get("backend")], key="backend")


def fastest(found: Sequence[Entry]) -> list[Entry]:
    """Return the fastest backend of each model, system and platform; all if none is marked."""
    return [entry for entry in found if entry.get("fastest", True)]


def distinct(found: Sequence[Entry], *, key: str) -> list[str]:
    """Return the distinct values of one key in order of first occurrence."""
    return list(dict.fromkeys(str(entry.get(key)) for entry in found))


def by_platform(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Group entries by platform and precision, e.g. ``CUDA, mixed precision``."""
    sorted_entries: dict[str, list[Entry]] = {}
    for entry in found:
        words = [str(entry.get("platform") or "unknown platform")]
        if entry.get("precision"):
            words.append(f"{entry['precision']} precision")
        sorted_entries.setdefault(", ".join(words), []).append(entry)
    return sorted_entries


def find_entry(
    found: Sequence[Entry], *, model: str, system: str, backend: str | None = None
) -> Entry:
    """Return the matching entry, or an empty one where it was not measured."""
    for entry in found:
        same = entry.get("model") == model and entry.get("system") == system
        if same and backend in (None, entry.get("backend")):
            return entry
    return {}


def statistic(entry: Entry, *, key: str, name: str = "median") -> float | None:
    """Return a number of an entry, None where it was not measured.

    ``name`` is ``median``, ``p25`` or ``p75``, or ``low`` or ``high`` for ratios; a plain number is
    its own median.
    """
    value = entry.get(key)
    if isinstance(value, Mapping):
        value = value.get(name)
    elif name != "median":
        return None
    return float(value) if isinstance(value, (int, float)) else None


def model_names(models: Sequence[str]) -> dict[str, str]:
    """Map model specs to short names, e.g. ``student:tiny`` to ``tiny``, if these are unique."""
    short = {model: PurePath(model.removeprefix("student:")).name or model for model in models}
    unique = len(set(short.values())) == len(short)
    return short if unique else {model: model for model in models}


def ratio_of(entry: Entry, *, key: str) -> Entry:
    """Return one ratio of an entry with its interval; empty where it was not measured."""
    return (entry.get("ratios") or {}).get(key) or {}


def ratio_text(entry: Entry, *, key: str) -> str:
    """Format a ratio with its 95 % interval, e.g. ``1.04 (1.01–1.08)``."""
    return interval_text(ratio_of(entry, key=key))


def interval_text(found: Entry) -> str:
    """Format the median and 95 % interval of a ratio, which is empty where it was not measured."""
    if not found:
        return NOTHING
    median, low, high = (number(found[name]) for name in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


def spread_text(entry: Entry, *, key: str) -> str:
    """Format the median with its quartiles, e.g. ``1.3 (1.28–1.35)``."""
    median = statistic(entry, key=key)
    low, high = (statistic(entry, key=key, name=name) for name in ("p25", "p75"))
    if median is None or low is None or high is None:
        return number(median)
    return f"{number(median)} ({number(low)}–{number(high)})"
