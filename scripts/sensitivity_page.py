"""The table and the picture of what the checks see, and what they predict."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from scipy.stats import bootstrap, spearmanr

from openmm_mlff.checks.registry import get_check
from openmm_mlff.results import Status

MOLECULE, SEED = "methanol", 11
SHIPPED = "student:ultra-tiny"
SOUND = ("undamaged", 0.0)

NOISE, BITS = "relative noise of the weights", "bits of the weights"
FURTHER, ANEW = "further passes over methanol at 300 K", "passes over methanol from random weights"
DAMAGES: dict[str, tuple[float, ...]] = {
    NOISE: (0.003, 0.01, 0.03, 0.1, 0.3),
    BITS: (8, 6, 5, 4, 3),
    FURTHER: (1, 5, 20, 60),
    ANEW: (40, 20, 8, 3),
}
"""Degrees of each damage, the mildest first."""

HOT_PS, REPLICAS = 100.0, 6
SAMPLES = 2000
COLOURS = ("#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#fee391", "#fe9929", "#cc4c02")
"""Of shares of a limit: four within it, three beyond."""


@dataclass(frozen=True)
class Student:
    """One damaged student: the status of each check, the share of its limit, and the outcome.

    Attributes:
        checks: status and share of the limit that is used, by id; the share is None without one.
        survived_ps: of each run of 100 ps.
    """

    damage: str
    degree: float
    checks: dict[str, tuple[str, float | None]]
    survived_ps: list[float]

    @property
    def name(self) -> str:
        """For tables."""
        return "–" if (self.damage, self.degree) == SOUND else f"{self.degree:g}"

    @property
    def survived(self) -> float:
        """Mean share of the runs that was survived."""
        return float(np.mean(self.survived_ps)) / HOT_PS

    def fails(self, check: str) -> bool:
        """Return whether a check is a FAIL."""
        return self.checks.get(check, ("", None))[0] == Status.FAIL.value


def load_students(path: Path) -> list[Student]:
    """Return the finished students: the undamaged one, then by damage, the mildest first."""
    if not path.exists():
        return []
    found = [Student(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    order = [SOUND, *((damage, each) for damage, degrees in DAMAGES.items() for each in degrees)]
    return sorted(found, key=lambda one: order.index((one.damage, one.degree)))


def correlation(check: str, students: Sequence[Student]) -> tuple[float, float, float] | None:
    """Return Spearman's ρ of the used share of the limit with the survived share, and 95 %.

    A check that predicts instability has −1. None where fewer than eight students have a value or
    all have the same.
    """
    pairs = [(one.checks[check][1], one.survived) for one in students if check in one.checks]
    used, survived = np.array([pair for pair in pairs if pair[0] is not None]).reshape(-1, 2).T
    if len(used) < 8 or np.ptp(used) == 0.0 or np.ptp(survived) == 0.0:
        return None

    def rho(first: np.ndarray, second: np.ndarray) -> float:
        constant = np.ptp(first) == 0.0 or np.ptp(second) == 0.0
        return 0.0 if constant else float(spearmanr(first, second).statistic)

    drawn = bootstrap(
        (used, survived),
        rho,
        paired=True,
        vectorized=False,
        n_resamples=SAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    low, high = drawn.confidence_interval
    return rho(used, survived), float(low), float(high)


def checks_of(students: Sequence[Student]) -> list[str]:
    """Return the checks that judged any of the students, without those of the machine's speed."""
    found = dict.fromkeys(check for one in students for check in one.checks)
    return [check for check in found if get_check(check).group != "performance"]


def page(students: Sequence[Student]) -> str:
    """Return the table as Markdown."""
    damaged = [one for one in students if one.damage != SOUND[0]]
    sound = [one for one in students if one.damage == SOUND[0]]
    always = {check for one in sound for check in one.checks if one.fails(check)}
    lines = [
        "# What the checks see, and what they predict",
        "",
        f"Printed by `scripts/make_sensitivity.py`. `{SHIPPED}` is damaged in degrees. On "
        f"{MOLECULE}, each is judged by",
        "the checks of `standard` with the small samples of `quick`, and runs "
        f"{REPLICAS} times for 100 ps at constant energy",
        "from 500 K.",
        "",
        "![Checks by students](matrix.png)",
        "",
        "## Students",
        "",
        "| damage | degree | checks that fail | 100 ps at 500 K: survived |",
        "|---|--:|---|--:|",
    ]
    for one in students:
        failed = ", ".join(f"`{check}`" for check in one.checks if one.fails(check)) or "none"
        lines.append(f"| {one.damage} | {one.name} | {failed} | {100 * one.survived:.0f} % |")
    lines += [
        "",
        "## Checks",
        "",
        "For each damage the mildest degree at which the check fails; what fails undamaged does "
        "not count.",
        "Alone: of how many students no other check fails.",
        "ρ: rank correlation of the share of the limit that is used with the time survived, and "
        "its 95 % interval over",
        "the students; −1 predicts instability. Parity and symmetry do not depend on the weights: "
        "their checks see faults of",
        "the code, which `openmm-mlff selftest` plants.",
        "",
        f"| check | {' | '.join(DAMAGES)} | fails | alone | ρ |",
        f"|---|{'--:|' * len(DAMAGES)}--:|--:|--:|",
    ]
    checks = [check for check in checks_of(students) if check not in always]
    found = {check: correlation(check, students) for check in checks}
    for check in sorted(checks, key=lambda one: (found[one] or (math.inf,))[0]):
        first = [
            next((one.name for one in damaged if one.damage == each and one.fails(check)), "–")
            for each in DAMAGES
        ]
        failing = [one for one in damaged if one.fails(check)]
        alone = sum(
            all(not one.fails(other) for other in checks if other != check) for one in failing
        )
        known = found[check]
        rho = "–" if known is None else "{:.2f} ({:.2f} to {:.2f})".format(*known)
        cells = [f"`{check}`", *first, str(len(failing)), str(alone), rho]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).replace("-0.", "−0.").replace("-1.", "−1.") + "\n"


def draw(students: Sequence[Student], path: Path) -> None:
    """Draw the used share of each limit: checks by students, and the survived share."""
    checks = checks_of(students)
    used = np.array(
        [[one.checks.get(check, ("", None))[1] for one in students] for check in checks]
    )
    values = np.array(used, dtype=float)
    bounds = [0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1e9]
    figure = Figure(figsize=(10, 0.24 * len(checks) + 2.6), layout="constrained")
    top, below = figure.subplots(2, 1, height_ratios=(1, 8), sharex=True)
    survived = [100.0 * one.survived for one in students]
    top.bar(range(len(students)), survived, color="#0072b2")
    top.set_ylabel("survived, %")
    image = below.imshow(
        values, norm=BoundaryNorm(bounds, len(COLOURS)), cmap=ListedColormap(COLOURS), aspect="auto"
    )
    for row, check in enumerate(checks):
        for column, one in enumerate(students):
            if one.fails(check):
                below.text(
                    column, row, "✘", ha="center", va="center", color="#b00020", weight="bold"
                )
    below.set_yticks(range(len(checks)), checks, fontsize=7)
    labels = [
        one.damage if one.damage == SOUND[0] else f"{one.damage}: {one.name}" for one in students
    ]
    below.set_xticks(range(len(students)), labels, rotation=60, ha="right", fontsize=7)
    bar = figure.colorbar(image, ax=below, label="share of the limit", ticks=bounds[1:-1])
    bar.ax.set_yticklabels([f"{bound:g}" for bound in bounds[1:-1]])
    figure.savefig(path, dpi=110)
