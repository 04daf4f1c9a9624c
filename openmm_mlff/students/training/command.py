"""Command line of the training script."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openmm_mlff.errors import UserError
from openmm_mlff.storage.files import write_text
from openmm_mlff.students.shipped import WEIGHTS_FOLDER
from openmm_mlff.students.training.card import model_card
from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.recipe import (
    QUICK_RECIPE,
    SIZES,
    Recipe,
    build_student,
    check_name,
    load_or_make_frames,
)

QUICK_FOLDER = Path("runs/quick")

# Options of both training scripts.
OutputOption = Annotated[
    Path | None, typer.Option(help="Folder for weights and cards; the package's own by default")
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Train for half a minute, to test the script, in runs/quick")
]
ThreadsOption = Annotated[int, typer.Option(help="Threads of the training", min=1)]

app = typer.Typer(add_completion=False, rich_markup_mode=None)
console = Console()


def _progress() -> Progress:
    """Return a progress bar with counts and remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


@app.command()
def train(
    students: Annotated[
        list[str] | None, typer.Argument(help="original, tiny, ultra-tiny; all by default")
    ] = None,
    *,
    output: OutputOption = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Training data, generated if missing; runs/training/frames.npz by default"
        ),
    ] = None,
    quick: QuickOption = False,
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Generate the data and stop")
    ] = False,
    continue_from: Annotated[
        Path | None,
        typer.Option(help="Folder of students of this recipe whose last round is repeated"),
    ] = None,
    threads: ThreadsOption = 1,
) -> None:
    """Distil GFN2-xTB into the students: data, training, held-out test, weights, model cards."""
    recipe = QUICK_RECIPE if quick else Recipe()
    # A quick run must not overwrite the real weights.
    output = output or (QUICK_FOLDER if quick else WEIGHTS_FOLDER)
    data = data or (QUICK_FOLDER if quick else Path("runs/training")) / "frames.npz"
    torch.set_num_threads(threads)
    try:
        for name in students or []:
            check_name(name)
        frames = _frames(data, recipe)
        console.print(f"{len(frames)} labelled frames in {data}", soft_wrap=True)
        for name in [] if data_only else students or list(SIZES):
            earlier = continue_from and continue_from / f"{name}.safetensors"
            _train_one(name, frames, recipe, output, earlier=earlier)
    except UserError as error:
        print(f"train_students: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


def _frames(path: Path, recipe: Recipe) -> list[LabelledFrame]:
    """Generate or read the data, with a progress bar."""
    with _progress() as progress:
        task = progress.add_task("labelling with GFN2-xTB", total=None)
        return load_or_make_frames(
            path,
            recipe,
            workers=os.cpu_count() or 1,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _train_one(
    name: str, frames: list[LabelledFrame], recipe: Recipe, output: Path, *, earlier: Path | None
) -> None:
    """Train one student with a progress bar and write its card."""
    started = time.monotonic()
    with _progress() as progress:
        task = progress.add_task(f"training {name}", total=recipe.training.epochs)

        def on_epoch(epoch: int, loss: float, _model: torch.nn.Module) -> None:
            progress.update(task, completed=epoch)
            progress.console.print(
                f"{name} epoch {epoch} loss {loss:.5f} after {time.monotonic() - started:.0f} s"
            )

        record = build_student(name, frames, recipe, output, on_epoch=on_epoch, earlier=earlier)
    card = output / f"{name}.md"
    write_text(card, model_card(record))
    weights = output / f"{name}.safetensors"
    console.print(f"{name}: weights in {weights}, card in {card}", soft_wrap=True)
