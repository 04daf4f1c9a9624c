"""Student checkpoints on disk: safetensors with a metadata block."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

FORMAT = "openmm_mlff.student/1"
TEACHER, TEACHER_OF_WATER = "GFN2-xTB (tblite)", "GFN1-xTB (tblite)"
"""The teachers of the shipped students and of ``student:water``, as their records name them."""

_LONGEST_REASON = 200


@dataclass(frozen=True)
class StudentRecord:
    """Metadata of a checkpoint.

    Attributes:
        teacher: labelled the training data.
        data: seed, number of frames and of each kind.
        held_out: errors by origin on frames not used in training.
        versions: of the packages used.
    """

    name: str
    config: PaiNNConfig
    teacher: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    held_out: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def save_student(model: PaiNN, record: StudentRecord, path: Path) -> None:
    """Write weights (float32, references float64) and record to a safetensors file, atomically."""
    fields = asdict(record)
    metadata = {"format": FORMAT} | {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()
    }
    temporary = path.with_name(path.name + ".part")
    tensors = {key: value.detach().contiguous() for key, value in model.state_dict().items()}
    save_file(tensors, temporary, metadata=metadata)
    # safetensors creates files that only their owner may read.
    temporary.chmod(0o644)
    os.replace(temporary, path)


def read_student_record(path: Path) -> StudentRecord:
    """Read the metadata of a checkpoint, which must be a student of this project."""
    return _record(path, read_safetensors(path)[1])


def load_student(path: Path) -> tuple[PaiNN, StudentRecord]:
    """Load a student of this project, float32, in evaluation mode, with its record.

    Raises:
        CheckpointError: the file is damaged, or its tensors do not match its config.
    """
    state, metadata = read_safetensors(path)
    record = _record(path, metadata)
    try:
        model = PaiNN(record.config)
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"the weights in {path} do not match its config ({one_line(error)}); expected a file "
            "that scripts/train_students.py wrote; copy it again"
        ) from error
    check_finite(state, path=path)
    return model.requires_grad_(requires_grad=False).eval(), record


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file, unless it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            return {key: file.get_tensor(key) for key in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged ({one_line(error)}); expected a complete safetensors file of "
            "student weights; copy it again"
        ) from error


def _record(path: Path, metadata: Mapping[str, str]) -> StudentRecord:
    """Convert a metadata block of strings to a record."""
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {metadata.get('format')!r}, expected {FORMAT!r}; "
            "write it with scripts/train_students.py"
        )
    try:
        config = json.loads(metadata["config"])
        config["elements"] = tuple(config["elements"])
        loaded = {
            key: json.loads(metadata[key]) for key in ("data", "training", "held_out", "versions")
        }
        name, teacher = metadata["name"], metadata["teacher"]
        return StudentRecord(name=name, config=PaiNNConfig(**config), teacher=teacher, **loaded)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"the metadata of {path} is damaged ({type(error).__name__}: {one_line(error)}); "
            "expected what scripts/train_students.py writes; copy the file again"
        ) from error


def check_finite(state: Mapping[str, Tensor], *, path: Path) -> None:
    """Raise CheckpointError if a weight is not finite."""
    for name, tensor in state.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{path} contains weights that are not finite (in {name}); its training diverged: "
                "use an earlier checkpoint"
            )


def n_parameters(model: torch.nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def one_line(error: BaseException) -> str:
    """Return an error's message as one line of at most 200 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 4] + " ..."
