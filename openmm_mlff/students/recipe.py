"""The recipe of the shipped students: sizes, data, training, and the file that results."""

import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError
from openmm_mlff.rundir import RunDirectory, read_json, write_json
from openmm_mlff.students.checkpoint import (
    StudentRecord,
    load_student,
    n_parameters,
    save_student,
)
from openmm_mlff.students.dataset import (
    REFINEMENT,
    THERMAL,
    make_frames,
    make_unseen_frames,
)
from openmm_mlff.students.frames import LabelledFrame, load_frames, save_frames, split_held_out
from openmm_mlff.students.last_rounds import (
    LATER_KINDS,
    TURNED,
    LastRounds,
    frames_of_last_rounds,
    train_last_rounds,
)
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.sampling import QUICK_PLAN, SamplingPlan
from openmm_mlff.students.teacher import TEACHER
from openmm_mlff.students.training import TrainingPlan, held_out_errors, new_student, train_student

ELEMENTS = (1, 6, 7, 8)
MOLECULES = (
    "water",
    "methane",
    "ammonia",
    "methanol",
    "ethanol",
    "acetamide",
    "benzene",
    "alanine",
    "valine",
    "alanine_dipeptide",
)
HELD_OUT_FRACTION = 0.1
PACKAGES = ("torch", "numpy", "ase", "tblite")

SIZES: dict[str, PaiNNConfig] = {
    "original": PaiNNConfig(features=112, interactions=3, basis=20),
    "tiny": PaiNNConfig(features=58, interactions=2, basis=20),
    "ultra-tiny": PaiNNConfig(features=30, interactions=2, basis=16),
}
"""427 k, 77 k and 21 k parameters, each within 5 %."""

LEARNING_RATES = {"original": 1e-3}
"""Where the plan's own rate is too high: at 2e-3 the loss of the largest leaps up on the way."""

REFINED = ("original",)
"""Students that get a second round, with further frames of flexible molecules."""

RUN_KINDS = (THERMAL, REFINEMENT)
"""Kinds of frames from trajectories, of which an earlier student may have seen any."""

CONTINUED = "the last three rounds went on from earlier weights, which all the rounds had made"
UNSEEN = (
    "Frames that no round has seen: thermal ones of new trajectories, of every other kind the last "
    "tenth (of turned bonds, points anywhere on the way round)."
)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a student becomes.

    Attributes:
        sampling: how much data of each kind.
        training: how long and how fast.
        refinement: the second round of those that get one.
        last_rounds: those with turned bonds, of all.
        molecules: names in the systems library.
        data_seed: of the geometries.
        training_seed: of the first weights and the order of the frames.
    """

    sampling: SamplingPlan = field(default_factory=SamplingPlan)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    refinement: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(epochs=7, learning_rate=4e-4)
    )
    last_rounds: LastRounds = field(default_factory=LastRounds)
    molecules: tuple[str, ...] = MOLECULES
    data_seed: int = 20240601
    training_seed: int = 7


QUICK_RECIPE = Recipe(
    sampling=QUICK_PLAN,
    training=TrainingPlan(epochs=2, batch_size=8),
    refinement=TrainingPlan(epochs=1, batch_size=8),
    last_rounds=LastRounds(*[TrainingPlan(epochs=1, batch_size=8)] * 3),
    molecules=("water", "methane"),
)


def load_or_make_frames(
    path: Path,
    recipe: Recipe,
    *,
    workers: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[LabelledFrame]:
    """Read the training data if `path` holds that of this recipe, else make and keep them.

    Args:
        path: ``.npz`` file; beside it lies a ``.json`` that says by which recipe it was made.
        recipe: what is wanted.
        workers: processes that make the data.
        on_progress: called with jobs done and jobs in all while the data are made.

    Returns:
        All labelled frames.

    Raises:
        ConfigError: the file there was made by another recipe.
        CheckpointError: the file there is damaged.
        RunDirectoryError: the file cannot be written.
    """
    stamp = path.with_suffix(".json")
    wanted = {
        "sampling": asdict(recipe.sampling),
        "molecules": recipe.molecules,
        "seed": recipe.data_seed,
    }
    wanted = json.loads(json.dumps(wanted))
    if path.exists():
        if not stamp.exists() or read_json(stamp) != wanted:
            raise ConfigError(
                f"{path} was made by another recipe than the one asked for; "
                "expected the same data; delete it, or name another file with --data"
            )
        return load_frames(path)
    RunDirectory.create(path.parent)
    frames = make_frames(
        recipe.molecules,
        ELEMENTS,
        recipe.sampling,
        seed=recipe.data_seed,
        workers=workers,
        on_progress=on_progress,
    )
    save_frames(frames, path)
    write_json(stamp, wanted)
    return frames


def check_name(name: str) -> None:
    """See that a student is one of the recipe's.

    Args:
        name: of the student.

    Raises:
        ConfigError: it is not a key of :data:`SIZES`.
    """
    if name not in SIZES:
        raise ConfigError(f"unknown student {name!r}; {nearest(name, list(SIZES))}")


def build_student(
    name: str,
    frames: Sequence[LabelledFrame],
    recipe: Recipe,
    output: Path,
    *,
    on_epoch: Callable[[int, float, torch.nn.Module], None] | None = None,
    earlier: Path | None = None,
) -> StudentRecord:
    """Train one student, test it on held-out frames and write its file.

    Args:
        name: a key of :data:`SIZES`.
        frames: all labelled frames; a part is held out here.
        recipe: how.
        output: folder for ``NAME.safetensors``.
        on_epoch: see :func:`openmm_mlff.students.training.train_student`.
        earlier: file of a student of this recipe that the last rounds go on from; None trains all
            rounds.

    Returns:
        What was written into the file's metadata.

    Raises:
        CheckpointError: the earlier file cannot be read.
        ConfigError: unknown name, or the earlier file is of another size.
        RunDirectoryError: the folder cannot be written.
    """
    check_name(name)
    RunDirectory.create(output)
    training, held_out = split_held_out(frames, fraction=HELD_OUT_FRACTION)
    seen = [
        frame
        for frame in training
        if not frame.kind.startswith(TURNED if name in REFINED else LATER_KINDS)
    ]
    if earlier is None:
        model, rounds = _first_rounds(name, seen, recipe, on_epoch=on_epoch)
    else:
        model, before = load_student(earlier)
        if before.config != SIZES[name]:
            raise ConfigError(
                f"{earlier} holds a student of another size than {name}; expected {SIZES[name]}"
            )
        model.train().requires_grad_()
        rounds = {**before.training, "note": CONTINUED}
        held_out = [frame for frame in held_out if not frame.kind.startswith(RUN_KINDS)]
        held_out += make_unseen_frames(
            recipe.molecules, recipe.sampling, fraction=HELD_OUT_FRACTION, seed=recipe.data_seed
        )
    last = frames_of_last_rounds(training)
    if last:
        seed = recipe.training_seed + 2
        rounds |= train_last_rounds(
            model, last, recipe.last_rounds, name=name, seed=seed, on_epoch=on_epoch
        )
    known = {id(frame) for frame in (*seen, *last)}
    training = [frame for frame in training if id(frame) in known]
    record = StudentRecord(
        name=name,
        config=SIZES[name],
        teacher=TEACHER,
        data={
            "seed": recipe.data_seed,
            "training_frames": len(training),
            "held_out_frames": len(held_out),
            "kinds": dict(Counter(frame.kind for frame in training)),
            "molecules": list(recipe.molecules),
        }
        | ({} if earlier is None else {"held_out_from": UNSEEN}),
        training=rounds,
        held_out=held_out_errors(model, held_out, cutoff_angstrom=model.cutoff),
        versions={package: importlib.metadata.version(package) for package in PACKAGES},
    )
    save_student(model, record, output / f"{name}.safetensors")
    return record


def _first_rounds(
    name: str,
    frames: Sequence[LabelledFrame],
    recipe: Recipe,
    *,
    on_epoch: Callable[[int, float, torch.nn.Module], None] | None,
) -> tuple[PaiNN, dict[str, Any]]:
    """Train from random weights, and return the student and what its record says of it."""
    first_round = [frame for frame in frames if not frame.kind.startswith(LATER_KINDS)]
    model = new_student(SIZES[name], first_round, seed=recipe.training_seed)
    plan = replace(
        recipe.training, learning_rate=LEARNING_RATES.get(name, recipe.training.learning_rate)
    )
    train_student(model, first_round, plan, seed=recipe.training_seed, on_epoch=on_epoch)
    rounds = asdict(plan) | {"seed": recipe.training_seed, "parameters": n_parameters(model)}
    if name in REFINED:
        seed = recipe.training_seed + 1
        train_student(model, frames, recipe.refinement, seed=seed, on_epoch=on_epoch)
        rounds["refinement"] = asdict(recipe.refinement) | {"seed": seed}
    return model, rounds


def default_workers() -> int:
    """Give the number of cores."""
    return os.cpu_count() or 1
