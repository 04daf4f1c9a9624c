"""Table of the results for published students, with their authors' statements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openmm_mlff.report.selection import measures
from openmm_mlff.report.templating import escape_text
from openmm_mlff.report.wording import NOTHING, SYMBOLS, number
from openmm_mlff.results import MOST_SEVERE_FIRST, CheckResult, Status, ValidationReport

Numbers = Sequence[tuple[float, str]]
"""Values, each with the place where it was found."""


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        worst: selects one of the numbers.
        find: returns numbers from a result, each with a label more specific than the system.
        judged: whether the status of the check refers to this number.
    """

    words: str
    check_id: str
    unit: str
    worst: Callable[[Numbers], tuple[float, str]]
    find: Callable[[CheckResult, str], Numbers]
    judged: bool = True


def published_markdown(
    reports: Mapping[str, ValidationReport], *, published_as: Mapping[str, str]
) -> str:
    """Return the Markdown table of the published students; all numbers come from the reports."""
    lines = [
        _line(["", "Limit", *(f"`{name}`" for name in reports)]),
        "|---|--:|" + "---|" * len(reports),
        _line(["Published as", NOTHING, *(published_as.get(name, NOTHING) for name in reports)]),
        _line(["**What drift said**", "", *([""] * len(reports))]),
        _number_line(DRIFT, reports),
        _line(
            [
                "**What the suite says**",
                "",
                *(f"**{report.verdict.label}**" for report in reports.values()),
            ]
        ),
        *(_number_line(row, reports) for row in ROWS),
        _line(["Required checks failed", NOTHING, *(_failed(one) for one in reports.values())]),
    ]
    return "\n".join(lines)


def _largest(numbers: Numbers) -> tuple[float, str]:
    return max(numbers, key=lambda pair: abs(pair[0]))


def _smallest(numbers: Numbers) -> tuple[float, str]:
    return min(numbers, key=lambda pair: pair[0])


def _measured(result: CheckResult, unit: str) -> Numbers:
    """Return the measures of a check in one unit, by system."""
    found = [one["value"] for one in measures(result) if one["unit"] == unit]
    return [] if None in found else [(value, result.system) for value in found]


def _own_value(result: CheckResult, unit: str) -> Numbers:
    return [] if result.value is None or result.unit != unit else [(result.value, result.system)]


def _pair_jumps(result: CheckResult, unit: str) -> Numbers:
    """Return the energy jumps of isolated pairs, by pair."""
    jumps = result.evidence.get("energy_jump_mev_by_pair_alone", {})
    return [(float(size), pair) for pair, size in jumps.items() if size is not None]


def _walls(result: CheckResult, unit: str) -> Numbers:
    """Return the heights of the repulsive walls, by pair."""
    walls = result.evidence.get("pairs", [])
    return [
        (wall["height_ev"], wall["pair"]) for wall in walls if wall.get("height_ev") is not None
    ]


DRIFT = Row(
    "total energy, end against start (`drift_percent`)", "drift_percent", "%", _largest, _own_value
)
ROWS = (
    Row(
        "the molecule is turned: its energy changes by up to (`rotation_invariance`)",
        "rotation_invariance",
        "meV/atom",
        _largest,
        _measured,
    ),
    Row(
        "two copies are drawn apart: the energy jumps by up to (`cutoff_continuity`)",
        "cutoff_continuity",
        "meV",
        _largest,
        _measured,
    ),
    Row(
        "two atoms alone pass the cutoff: the energy jumps by up to",
        "cutoff_continuity",
        "meV",
        _largest,
        _pair_jumps,
        judged=False,
    ),
    Row(
        "angular momentum changes, of its thermal size, by (`momentum_conservation`)",
        "momentum_conservation",
        "ratio",
        _largest,
        _measured,
    ),
    Row(
        "two atoms are pushed together: the lowest wall (`short_range_repulsion`)",
        "short_range_repulsion",
        "eV",
        _smallest,
        _walls,
    ),
    Row("the molecule stays whole for (`stability`)", "stability", "ps", _smallest, _own_value),
)


def _number_line(row: Row, reports: Mapping[str, ValidationReport]) -> str:
    limits = {
        limit
        for report in reports.values()
        for result in _results(report, check_id=row.check_id)
        if (limit := _limit(result, row=row)) is not None
    }
    words = " or ".join(number(one) for one in sorted(limits))
    unit = "" if row.unit == "ratio" else f" {row.unit}"
    sign = "≥ " if row.worst is _smallest else ""
    shown = f"{sign}{words}{unit}" if words and row.judged else f"({row.unit})"
    return _line([row.words, shown, *(_cell(report, row=row) for report in reports.values())])


def _results(report: ValidationReport, *, check_id: str) -> list[CheckResult]:
    return [result for result in report.checks if result.id == check_id]


def _limit(result: CheckResult, *, row: Row) -> float | None:
    own = {"unit": result.unit, "threshold": result.threshold}
    found = [one["threshold"] for one in [*measures(result), own] if one["unit"] == row.unit]
    return next(iter(found), None)


def _cell(report: ValidationReport, *, row: Row) -> str:
    """Format the most severe status, the worst number and its place."""
    results = _results(report, check_id=row.check_id)
    if not results:
        return NOTHING
    status = min((result.status for result in results), key=MOST_SEVERE_FIRST.index)
    numbers = [pair for result in results for pair in row.find(result, row.unit)]
    symbol = f"{SYMBOLS[status]} " if row.judged else ""
    if not numbers:
        return f"{symbol}{status.value}" if row.judged else NOTHING
    value, where = row.worst(numbers)
    return f"{symbol}{number(value)} ({escape_text(where)})"


def _failed(report: ValidationReport) -> str:
    """Format the number of required checks that failed on any system."""
    required = {result.id for result in report.checks if result.required}
    failed = {r.id for r in report.checks if r.status is Status.FAIL and r.required}
    return f"{len(failed)} of {len(required)}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
