"""Load any student checkpoint, identified by content, without unpickling objects."""

import math
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from openmm_mlff.errors import CheckpointError
from openmm_mlff.storage.files import no_plain_file
from openmm_mlff.storage.fingerprint import hash_path
from openmm_mlff.students.checkpoint import (
    FORMAT,
    StudentRecord,
    check_finite,
    load_student,
    n_parameters,
    one_line,
    read_safetensors,
)
from openmm_mlff.students.distiller import build_distiller, is_distiller_state
from openmm_mlff.students.shipped import check_file

_OF_TORCH_EXPORT = ("archive_format", "serialized_exported_program.json")
_ZIP_START = b"PK\x03\x04"
_OLD_TORCH_START = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
"""First bytes of `torch.save` files before torch 1.6, a pickled magic number; now zip archives."""

# Exceptions of torch's restricted unpickler observed for damaged files.
_READING_FAILURES = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class LoadedStudent:
    """A loaded model and its metadata.

    Attributes:
        model: float32, evaluation mode, no gradients of weights; see
            :meth:`openmm_mlff.students.painn.PaiNN.forward` for its arguments.
        architecture: ``painn`` or ``mlff-distiller``.
        elements: supported atomic numbers.
        cutoff_angstrom: of messages.
        sha256: of the file.
        record: metadata of the file, for this project's own students.
    """

    model: nn.Module
    name: str
    architecture: str
    elements: frozenset[int]
    cutoff_angstrom: float
    sha256: str
    n_parameters: int
    record: StudentRecord | None = None


def is_torchscript(path: Path) -> bool:
    """Return whether a file is a TorchScript archive: unlike a checkpoint it contains code."""
    return any("/code/" in name for name in _names_in_archive(path))


def is_exported_program(path: Path) -> bool:
    """Return whether a file is a program of ``torch.export``."""
    return any(name.rpartition("/")[2] in _OF_TORCH_EXPORT for name in _names_in_archive(path))


def _names_in_archive(path: Path) -> list[str]:
    """Return the names in a zip archive; empty if the file is not one."""
    if no_plain_file(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return []


def load_checkpoint(path: Path) -> LoadedStudent:
    """Load a student checkpoint: this project's safetensors, or MLFF-Distiller's layout.

    The latter is a file of ``torch.save`` with ``model_state_dict`` (with or without ``config``) or
    a bare state dict.

    Raises:
        CheckpointError: missing, damaged, no weights, or weights of an unknown architecture.
    """
    start = _start_of(path)
    if is_torchscript(path):
        raise CheckpointError(
            f"{path} is a TorchScript program, expected a checkpoint of weights; "
            "give the checkpoint that it was exported from"
        )
    if is_exported_program(path):
        raise CheckpointError(
            f"{path} is a program of torch.export, but OpenMM's TorchForce runs TorchScript; save "
            "the model by torch.jit.script(model).save(PATH)"
        )
    # safetensors: the length of a JSON header, eight bytes, and the header.
    if start[8:9] == b"{":
        tensors, metadata = read_safetensors(path)
        if metadata.get("format") == FORMAT:
            return _own_student(path)
        return _distiller(path, tensors, cutoff_angstrom=None)
    state, cutoff_angstrom = _state_and_cutoff(path, _read_torch_file(path, start))
    return _distiller(path, state, cutoff_angstrom=cutoff_angstrom)


def _start_of(path: Path) -> bytes:
    """Return the first bytes of a file, after checking that it exists and is not empty."""
    check_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(_OLD_TORCH_START))
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}); expected a checkpoint; "
            "check its permissions"
        ) from error
    if not start:
        raise CheckpointError(f"{path} is empty, expected a checkpoint; copy it again")
    return start


def _read_torch_file(path: Path, start: bytes) -> Any:
    """Read a file of ``torch.save`` that holds tensors and plain values only."""
    # Anything else would be read as a pickle, and fail with a misleading error.
    if not start.startswith((_ZIP_START, _OLD_TORCH_START)):
        raise CheckpointError(
            f"{path} is not a checkpoint: it is neither a file of torch.save nor safetensors; "
            "expected model weights; name another file"
        )
    try:
        with warnings.catch_warnings():
            # A pickle protocol other than torch's own is unusual but valid.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than weights{_forbidden_name(error)} and was not unpickled; "
            "expected tensors only; save model.state_dict() alone, or use safetensors"
        ) from error
    except _READING_FAILURES as error:
        reason = one_line(error).partition(". ")[0]
        raise CheckpointError(
            f"{path} is damaged ({reason}); expected a complete file of torch.save; copy it again"
        ) from error


def _forbidden_name(error: pickle.UnpicklingError) -> str:
    """Return what torch's restricted unpickler refused to build, if the message contains it."""
    if "Unsupported operand" in str(error):
        return " (it was pickled with a protocol other than torch's own)"
    found = re.search(r"(?:GLOBAL|Unsupported class) ([\w.]+)", str(error))
    return f" (it requires {found[1]})" if found else ""


def _state_and_cutoff(path: Path, content: Any) -> tuple[dict[str, Tensor], float | None]:
    """Return the state dict in the content of the file, and the cutoff in its config."""
    state = content.get("model_state_dict", content) if isinstance(content, Mapping) else content
    if not isinstance(state, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(state).__name__}, expected a state dict or model_state_dict; "
            "save model.state_dict()"
        )
    if not any(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(
            f"{path} holds no tensors, expected model_state_dict or a state dict; "
            "save model.state_dict()"
        )
    state = {str(name): value for name, value in state.items()}
    config = content.get("config")
    cutoff = config.get("cutoff") if isinstance(config, Mapping) else None
    if cutoff is None:
        return state, None
    if not isinstance(cutoff, (int, float)) or not (math.isfinite(cutoff) and cutoff > 0.0):
        raise CheckpointError(
            f"{path} has a config with cutoff {cutoff!r}, expected a length in Å above zero; "
            "correct it, or leave the config out"
        )
    return state, float(cutoff)


def _distiller(
    path: Path, state: Mapping[str, Tensor], *, cutoff_angstrom: float | None
) -> LoadedStudent:
    if not is_distiller_state(state):
        keys = ", ".join(sorted(map(str, state))[:3])
        raise CheckpointError(
            f"{path} holds weights of an unknown architecture (tensors {keys}, ...); expected a "
            "student of this project or MLFF-Distiller's layout; name another file"
        )
    try:
        model = build_distiller(state, cutoff_angstrom=cutoff_angstrom)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    check_finite(state, path=path)
    return LoadedStudent(
        model=model,
        name=path.stem,
        architecture="mlff-distiller",
        elements=frozenset(range(1, model.embedding.num_embeddings)),
        cutoff_angstrom=model.cutoff,
        sha256=hash_path(path),
        n_parameters=n_parameters(model),
    )


def _own_student(path: Path) -> LoadedStudent:
    model, record = load_student(path)
    return LoadedStudent(
        model=model,
        name=record.name,
        architecture="painn",
        elements=frozenset(record.config.elements),
        cutoff_angstrom=record.config.cutoff_angstrom,
        sha256=hash_path(path),
        n_parameters=n_parameters(model),
        record=record,
    )
