"""Formatting of words and numbers shared by terminal, Markdown and figures."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from openmm_mlff.checks.base import Group
from openmm_mlff.results import CheckResult, Scope, Status, ValidationReport
from openmm_mlff.units import RATIO

NOTHING = "–"
REPORTED_MARK = "†"
SHORT_SHA_LENGTH = 12

SYMBOLS = {
    Status.PASS: "✔",
    Status.FAIL: "✘",
    Status.INCONCLUSIVE: "?",
    Status.ERROR: "!",
    Status.SKIPPED: "–",
    Status.NOT_APPLICABLE: "○",
}

GROUPS: tuple[str, ...] = get_args(Group)
"""Groups of checks in display order, as defined by the checks; others follow."""


def number(value: float | None, *, digits: int = 3) -> str:
    """Format a number to a few significant digits, ``–`` for None."""
    if value is None:
        return NOTHING
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}"
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text


def integer(value: int | None) -> str:
    """Format a count with thousands separators."""
    return "unknown" if value is None else f"{value:,}"


def listed(names: Sequence[str]) -> str:
    """Join names with commas, and the last with ``and``; one with a comma of its own is quoted."""
    names = [f"“{name}”" if "," in name else name for name in names]
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


def status_label(status: Status) -> str:
    """Format a status with its symbol."""
    return f"{SYMBOLS[status]} {status.value}"


def css_class(words: str) -> str:
    """Return a status or verdict as the name of a CSS class, e.g. ``not-applicable``."""
    return words.lower().replace(" ", "-")


def limit_cell(result: CheckResult) -> str:
    """Format a threshold with its direction, ``≥`` where the value must reach it."""
    if result.threshold is None:
        return NOTHING
    return f"{'≥' if result.at_least else '≤'} {number(result.threshold)}"


def with_unit(text: str, unit: str) -> str:
    """Append a unit; a ratio has none."""
    return text if unit in ("", RATIO) else f"{text} {unit}"


def needs_text(result: CheckResult) -> str:
    """Format a threshold, e.g. ``needs ≥ 5 eV``; empty where there is none."""
    limit = with_unit(limit_cell(result), result.unit)
    return "" if result.threshold is None else f"needs {limit}"


def fitted_slope(result: CheckResult) -> float | None:
    """Return the signed drift of a result, meV/atom/ps, or its value where there is no slope."""
    slope = result.evidence.get("slope_mev_per_atom_per_ps")
    return float(slope) if isinstance(slope, (int, float)) else result.value


def interval_half_width(result: CheckResult) -> float | None:
    """Return the half-width of the 95 % interval in the unit of the value, None if absent.

    It is the number in the evidence whose name starts with ``interval_``, as in
    `interval_mev_per_atom_per_ps` of `energy_drift`.
    """
    for key, interval in result.evidence.items():
        if key.startswith("interval_") and isinstance(interval, (int, float)):
            return float(interval)
    return None


def value_text(result: CheckResult) -> str:
    """Format the value of a result, with its interval where it has one."""
    half_width = interval_half_width(result)
    if result.value is None or half_width is None:
        return number(result.value)
    return f"{number(result.value)} ± {number(half_width, digits=2)}"


def condition_label(condition: Mapping[str, Any]) -> str:
    """Format a condition, e.g. ``NVE, 300 K, 0.5 fs``; empty where there is none."""
    parts = []
    for key, value in condition.items():
        if key == "ensemble":
            parts.append(str(value).upper())
        elif key == "temperature_kelvin":
            parts.append(f"{value:g} K")
        elif key == "timestep_fs":
            parts.append(f"{value:g} fs")
        else:
            parts.append(f"{key} {value}")
    return ", ".join(parts)


def several_conditions(report: ValidationReport) -> bool:
    """Return whether more than one condition was run, so that each result must name its own."""
    return (
        len({label for check in report.checks if (label := condition_label(check.condition))}) > 1
    )


def measured_rows(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Return the measured temperatures of the dynamics as rows, empty where none was measured."""
    return tuple(
        (
            f"measured at {asked:g} K",
            ", ".join(
                one.text() for one in scope.measured_temperatures if one.asked_kelvin == asked
            )
            + " (mean, 95 %)",
        )
        for asked in dict.fromkeys(one.asked_kelvin for one in scope.measured_temperatures)
    )


def scope_rows(scope: Scope) -> tuple[tuple[str, str], ...]:
    """Return the tested scope as rows of label and text."""
    temperatures = ", ".join(f"{value:g}" for value in scope.temperatures_kelvin)
    return (
        ("elements", ", ".join(scope.elements) or NOTHING),
        ("systems", ", ".join(scope.systems) or NOTHING),
        *((("boxes", ", ".join(scope.boxes)),) if scope.boxes else ()),
        ("temperature", f"{temperatures} K" if temperatures else NOTHING),
        *measured_rows(scope),
        ("timestep", f"up to {scope.max_timestep_fs:g} fs"),
        *(
            (("timestep too long", "; ".join(scope.too_long_timesteps)),)
            if scope.too_long_timesteps
            else ()
        ),
        ("duration", f"{scope.duration_ps:g} ps"),
        ("platform", f"{scope.platform}, {scope.precision} precision"),
    )
