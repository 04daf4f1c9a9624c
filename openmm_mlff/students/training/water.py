"""The recipe of ``student:water``, and the command line of its training script.

The rounds alternate: frames of liquid water, then training on all frames so far, which continues
from the round before. Each trajectory and each round's student is a file, so that an interrupted
run is resumed by the same command.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from openmm_mlff.errors import UserError
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.students.checkpoint import (
    TEACHER_OF_WATER,
    StudentRecord,
    load_student,
    n_parameters,
    save_student,
)
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.shipped import WEIGHTS_FOLDER
from openmm_mlff.students.training.card import model_card
from openmm_mlff.students.training.command import (
    QUICK_FOLDER,
    OutputOption,
    QuickOption,
    ThreadsOption,
)
from openmm_mlff.students.training.fit import (
    TrainingPlan,
    held_out_errors,
    new_student,
    train_student,
)
from openmm_mlff.students.training.frames import LabelledFrame, split_held_out
from openmm_mlff.students.training.liquid import LiquidPlan, make_liquid_frames
from openmm_mlff.students.training.recipe import (
    HELD_OUT_FRACTION,
    Recipe,
    data_of,
    load_or_make_frames,
    versions,
)
from openmm_mlff.students.training.sampling import QUICK_PLAN, SamplingPlan
from openmm_mlff.students.training.teacher import GFN1

NAME = "water"
SIZE = PaiNNConfig(features=58, interactions=2, basis=20, elements=(1, 8))
HELD_OUT_FROM = (
    "The last tenth of each kind, never trained on; of boxes and clusters these are the last "
    "trajectories of the last round."
)


@dataclass(frozen=True)
class Round:
    """Frames that a round adds, and the training on all frames so far."""

    liquid: LiquidPlan
    training: TrainingPlan


@dataclass(frozen=True)
class WaterRecipe:
    """Everything that determines the student.

    Attributes:
        molecules: frames of isolated molecules, pairs of molecules and of atoms.
        rounds: the rounds, of which the first runs the dynamics of TIP3P, the others those of the
            student of the round before.
        training_seed: seed of the initial weights and the order of the frames.
    """

    molecules: Recipe = field(default_factory=lambda: _molecules(SamplingPlan(dimers=300)))
    rounds: tuple[Round, ...] = (
        Round(
            LiquidPlan(
                boxes=((16, 10), (32, 5)), temperatures_kelvin=(300.0, 600.0), trajectories=20
            ),
            TrainingPlan(epochs=20, batch_size=8),
        ),
        Round(LiquidPlan(trajectories=24), TrainingPlan(epochs=10, batch_size=8)),
        Round(LiquidPlan(trajectories=24), TrainingPlan(epochs=10, batch_size=8)),
        Round(
            LiquidPlan(trajectories=24),
            TrainingPlan(epochs=16, batch_size=8, energy_weight=5.0, virial_weight=5.0),
        ),
    )
    training_seed: int = 7


def _molecules(sampling: SamplingPlan) -> Recipe:
    return Recipe(sampling=sampling, molecules=("water",), elements=SIZE.elements, method=GFN1)


QUICK_RECIPE = WaterRecipe(
    molecules=_molecules(QUICK_PLAN),
    rounds=(
        Round(
            LiquidPlan(
                boxes=((8, 2),), trajectories=1, steps_between=10, tip3p_steps=200, cluster=4
            ),
            TrainingPlan(epochs=2, batch_size=8),
        ),
    )
    * 2,
)


def build_water(
    data: Path,
    recipe: WaterRecipe,
    output: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> StudentRecord:
    """Generate the data, train the student and write its file and card; return its metadata.

    What the folder ``data`` holds, frames and the students of the rounds, is reused. ``say`` is
    called with a line of progress.
    """
    RunDirectory.create(output)
    molecules = recipe.molecules
    frames = load_or_make_frames(
        data / "molecules.npz", molecules, workers=1, on_progress=_steps("molecules", say)
    )
    model: PaiNN | None = None
    student: Path | None = None
    rounds: dict[str, dict[str, Any]] = {}
    for number, part in enumerate(recipe.rounds):
        name = f"round{number}"
        frames += make_liquid_frames(
            data / name,
            part.liquid,
            seed=molecules.data_seed + number,
            student=student,
            on_progress=_steps(name, say),
        )
        training, held_out = split_held_out(frames, fraction=HELD_OUT_FRACTION)
        model = model or new_student(SIZE, training, seed=recipe.training_seed)
        student = data / f"{name}.safetensors"
        seed = recipe.training_seed + number
        rounds[name] = asdict(part.training) | {"seed": seed, "frames": len(training)}
        if student.exists():
            model = load_student(student)[0].train().requires_grad_()
            continue
        train_student(model, training, part.training, seed=seed, on_epoch=_epochs(name, say))
        record = _record(recipe, rounds, training, held_out, model)
        save_student(model, record, student)
        say(f"{name}: {_overall(record.held_out)}")
    model, record = load_student(data / f"{name}.safetensors")
    save_student(model, record, output / f"{NAME}.safetensors")
    write_text(output / f"{NAME}.md", model_card(record))
    return record


def _record(
    recipe: WaterRecipe,
    rounds: Mapping[str, Mapping[str, Any]],
    training: Sequence[LabelledFrame],
    held_out: Sequence[LabelledFrame],
    model: PaiNN,
) -> StudentRecord:
    """Return the metadata of the student after the last of ``rounds``."""
    boxes = {size for part in recipe.rounds for size, _ in part.liquid.boxes}
    return StudentRecord(
        name=NAME,
        config=SIZE,
        teacher=TEACHER_OF_WATER,
        data=data_of(training, held_out, seed=recipe.molecules.data_seed)
        | {
            "molecules": [
                "water: isolated, in pairs, in clusters and, at the Γ point, in periodic boxes of "
                + ", ".join(map(str, sorted(boxes)))
            ],
            "held_out_from": HELD_OUT_FROM,
        },
        # The first round stands at the top level, as that of the other students.
        training={"parameters": n_parameters(model), **rounds["round0"]}
        | {name: plan for name, plan in rounds.items() if name != "round0"},
        held_out=held_out_errors(model, held_out),
        versions=versions(),
    )


def _overall(held_out: Mapping[str, Mapping[str, float]]) -> str:
    """Return the errors on boxes in one line."""
    boxes = [errors for errors in held_out.values() if "pressure_mae_bar" in errors]
    return ", ".join(
        f"{key} {sum(errors[key] for errors in boxes) / max(1, len(boxes)):.3g}"
        for key in ("force_rmse_ev_per_angstrom", "energy_mae_mev_per_atom", "pressure_mae_bar")
    )


def _steps(name: str, say: Callable[[str], None]) -> Callable[[int, int], None]:
    return lambda done, total: say(f"{name}: {done} of {total} parts of the data")


def _epochs(name: str, say: Callable[[str], None]) -> Callable[[int, float, Any], None]:
    return lambda epoch, loss, _: say(f"{name}: epoch {epoch}, loss {loss:.5f}")


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def train(
    *,
    output: OutputOption = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of training data and rounds; runs/training/water by default"),
    ] = None,
    quick: QuickOption = False,
    threads: ThreadsOption = 1,
) -> None:
    """Distil GFN1-xTB into student:water; the same command resumes an interrupted run."""
    console, started = Console(), time.monotonic()
    torch.set_num_threads(threads)
    try:
        build_water(
            data or (QUICK_FOLDER if quick else Path("runs/training")) / NAME,
            QUICK_RECIPE if quick else WaterRecipe(),
            output or (QUICK_FOLDER if quick else WEIGHTS_FOLDER),
            say=lambda line: console.print(
                f"{time.monotonic() - started:.0f} s: {line}", soft_wrap=True
            ),
        )
    except UserError as error:
        print(f"train_water: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
