"""Measure which check sees a damage first, and what each predicts of stability.

Run from the root of a checkout; about two hours on one core::

    python scripts/make_sensitivity.py

The shipped student of 21 k parameters is damaged in degrees: noise on its weights, weights rounded,
trained further on methanol at 300 K alone, and trained anew on methanol alone, for fewer and fewer
passes. Every check of the protocol `standard` judges each of them on methanol, with the small
samples of `quick`, and each runs for 100 ps at constant energy from 500 K, six times. Each finished
student becomes a line of reports/sensitivity/students.jsonl and is not repeated; the table is
written to README.md there, and the picture to matrix.png.
"""

import json
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure
from scipy.stats import bootstrap, spearmanr

from openmm_mlff.checks.registry import get_check
from openmm_mlff.config import GFN2_XTB, Protocol, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status, ValidationReport
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.files import write_text
from openmm_mlff.students.checkpoint import StudentRecord, load_student, save_student
from openmm_mlff.students.painn import PaiNN
from openmm_mlff.students.shipped import shipped_path
from openmm_mlff.students.training.dataset import make_frames
from openmm_mlff.students.training.fit import TrainingPlan, new_student, train_student
from openmm_mlff.students.training.frames import LabelledFrame, load_frames, save_frames
from openmm_mlff.students.training.recipe import ELEMENTS, SIZES
from openmm_mlff.students.training.sampling import SamplingPlan

FOLDER = Path("reports/sensitivity")
RESULTS = FOLDER / "students.jsonl"
MOLECULE, SIZE, SEED = "methanol", "ultra-tiny", 11
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

HOT_PS = 100.0
HOT = {
    "temperatures_kelvin": (500.0,),
    "timesteps_fs": (1.0,),
    "duration_ps": HOT_PS,
    "longest_ps": HOT_PS,
    "replicas": 6,
    "frame_interval_steps": 100,
}
SAMPLES = 2000


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


def main() -> int:
    """Make, judge and run every student that is missing; write table and picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        for damage, degree, path in _students(Path(root)):
            found = {"damage": damage, "degree": degree, **_judged(path, Path(root))}
            with RESULTS.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found) + "\n")
            print(damage, degree, found["survived_ps"], flush=True)
    students = results()
    write_text(FOLDER / "README.md", page(students))
    draw(students, FOLDER / "matrix.png")
    return 0


def results() -> list[Student]:
    """Return the finished students: the undamaged one, then by damage, the mildest first."""
    if not RESULTS.exists():
        return []
    found = [Student(**json.loads(line)) for line in RESULTS.read_text("utf-8").splitlines()]
    order = [SOUND, *((damage, each) for damage, degrees in DAMAGES.items() for each in degrees)]
    return sorted(found, key=lambda one: order.index((one.damage, one.degree)))


def _students(root: Path) -> Iterator[tuple[str, float, Path]]:
    """Yield damage, degree and checkpoint of each student that has no result yet."""
    done = {(one.damage, one.degree) for one in results()}
    missing = {
        damage: [each for each in degrees if (damage, each) not in done]
        for damage, degrees in DAMAGES.items()
    }
    if SOUND in done and not any(missing.values()):
        return
    if SOUND not in done:
        yield *SOUND, Path(SHIPPED)
    frames = _frames(Path(tempfile.gettempdir()) / f"{MOLECULE}-frames.npz")
    for damage, degrees in missing.items():
        for degree in degrees:
            model, record = load_student(shipped_path(SIZE))
            if damage in (NOISE, BITS):
                _change_weights(model, damage, degree)
            elif damage == FURTHER:
                plan = TrainingPlan(epochs=int(degree), learning_rate=1e-3)
                cold = [one for one in frames if one.kind == "thermal_300K"]
                train_student(model.train().requires_grad_(), cold, plan, seed=SEED)
            else:
                model = new_student(SIZES[SIZE], frames, seed=SEED)
                train_student(model, frames, TrainingPlan(epochs=int(degree)), seed=SEED)
            path = root / "damaged.safetensors"
            save_student(model, StudentRecord(name="damaged", config=record.config), path)
            yield damage, degree, path


def _frames(path: Path) -> list[LabelledFrame]:
    """Return the training frames, made by GFN2-xTB once."""
    if not path.exists():
        frames = make_frames((MOLECULE,), ELEMENTS, SamplingPlan(), seed=SEED)
        save_frames(frames, path)
    return load_frames(path)


def _change_weights(model: PaiNN, damage: str, degree: float) -> None:
    """Round the weights to so many bits, or add relative noise to them."""
    rng = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for weights in model.parameters():
            if damage == BITS:
                mantissa, exponent = torch.frexp(weights)
                weights.copy_(
                    torch.ldexp(torch.round(mantissa * 2.0**degree) / 2.0**degree, exponent)
                )
            else:
                noise = torch.randn(weights.shape, generator=rng, dtype=weights.dtype)
                weights.mul_(1.0 + degree * noise)


def _judged(path: Path, root: Path) -> dict[str, object]:
    """Judge a student by every check, then run it hot; return the fields of the result."""
    quick, standard = load_protocol("quick"), load_protocol("standard")
    checks = quick.model_copy(update={"required": standard.required, "reported": ()})
    dynamics = quick.dynamics.model_copy(update=HOT)
    hot = quick.model_copy(
        update={"dynamics": dynamics, "required": ("stability",), "reported": ()}
    )
    judged = _validated(path, checks, root / f"{path.stem}-{os.urandom(4).hex()}")
    ran = _validated(path, hot, root / f"{path.stem}-{os.urandom(4).hex()}")
    (stable,) = (one for one in ran.checks if one.id == "stability")
    runs = stable.evidence.get("runs", [])
    return {
        "checks": {
            one.id: (one.status.value, _finite(one.limit_used))
            for one in judged.checks
            if one.status is not Status.NOT_APPLICABLE
        },
        "survived_ps": [run["survived_ps"] for run in runs] or [0.0],
    }


def _validated(path: Path, protocol: Protocol, root: Path) -> ValidationReport:
    reference = load_potential(GFN2_XTB)
    return validate_with(
        load_potential(str(path)),
        load_system(MOLECULE),
        protocol=protocol,
        root=root,
        reference=reference,
        platform="auto",
        precision="mixed",
        seed=SEED,
    )


def _finite(value: float | None) -> float | None:
    """Return a number that JSON has: a limit of zero that is exceeded counts as 1e9 limits."""
    return value if value is None or math.isfinite(value) else 1e9


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
    lines = [
        "# What the checks see, and what they predict",
        "",
        f"Printed by `scripts/make_sensitivity.py`. `{SHIPPED}` is damaged in degrees. On "
        f"{MOLECULE}, each is judged by",
        "the checks of `standard` with the small samples of `quick`, and runs "
        f"{HOT['replicas']} times for 100 ps at constant energy",
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
        "For each damage the mildest degree at which the check fails. Alone: of how many students "
        "no other check fails.",
        "ρ: rank correlation of the share of the limit that is used with the time survived, and "
        "its 95 % interval over",
        "the students; −1 predicts instability.",
        "",
        f"| check | {' | '.join(DAMAGES)} | fails | alone | ρ |",
        f"|---|{'--:|' * len(DAMAGES)}--:|--:|--:|",
    ]
    for check in sorted(checks_of(students), key=lambda one: _rank(one, students)):
        first = [
            next((one.name for one in damaged if one.damage == each and one.fails(check)), "–")
            for each in DAMAGES
        ]
        failing = [one for one in damaged if one.fails(check)]
        alone = sum(
            all(not one.fails(other) for other in one.checks if other != check) for one in failing
        )
        found = correlation(check, students)
        rho = "–" if found is None else "{:.2f} ({:.2f} to {:.2f})".format(*found)
        cells = [f"`{check}`", *first, str(len(failing)), str(alone), rho]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).replace("-0.", "−0.").replace("-1.", "−1.") + "\n"


def _rank(check: str, students: Sequence[Student]) -> float:
    found = correlation(check, students)
    return math.inf if found is None else found[0]


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
    image = below.imshow(values, norm=BoundaryNorm(bounds, 256), cmap="cividis", aspect="auto")
    for row, check in enumerate(checks):
        for column, one in enumerate(students):
            if one.fails(check):
                below.text(
                    column, row, "✘", ha="center", va="center", color="#b00020", weight="bold"
                )
    below.set_yticks(range(len(checks)), checks, fontsize=7)
    labels = [
        one.name if one.damage == SOUND[0] else f"{one.damage}: {one.name}" for one in students
    ]
    below.set_xticks(range(len(students)), labels, rotation=60, ha="right", fontsize=7)
    bar = figure.colorbar(image, ax=below, label="share of the limit", ticks=bounds[1:-1])
    bar.ax.set_yticklabels([f"{bound:g}" for bound in bounds[1:-1]])
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
