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
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from sensitivity_page import (
    BITS,
    DAMAGES,
    FURTHER,
    HOT_PS,
    MOLECULE,
    NOISE,
    REPLICAS,
    SEED,
    SHIPPED,
    SOUND,
    draw,
    load_students,
    page,
)

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
SIZE = "ultra-tiny"
TOO_SHORT = "kinetic_distribution"
"""Undecided by the samples of `quick`."""

HOT = {
    "temperatures_kelvin": (500.0,),
    "timesteps_fs": (1.0,),
    "duration_ps": HOT_PS,
    "longest_ps": HOT_PS,
    "replicas": REPLICAS,
    "frame_interval_steps": 100,
}


def main() -> int:
    """Make, judge and run every student that is missing; write table and picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        for damage, degree, path in _students(Path(root)):
            found = {"damage": damage, "degree": degree, **_judged(path, Path(root))}
            with RESULTS.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found) + "\n")
            print(damage, degree, found["survived_ps"], flush=True)
    students = load_students(RESULTS)
    write_text(FOLDER / "README.md", page(students))
    draw(students, FOLDER / "matrix.png")
    return 0


def _students(root: Path) -> Iterator[tuple[str, float, Path]]:
    """Yield damage, degree and checkpoint of each student that has no result yet."""
    done = {(one.damage, one.degree) for one in load_students(RESULTS)}
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
    required = tuple(check for check in standard.required if check != TOO_SHORT)
    checks = quick.model_copy(update={"required": required, "reported": ()})
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


if __name__ == "__main__":
    sys.exit(main())
