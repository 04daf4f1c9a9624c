"""Checkpoint files by name or path, found without torch."""

import difflib
from pathlib import Path

from openmm_mlff.config import nearest
from openmm_mlff.errors import CheckpointError
from openmm_mlff.options import BUILT_IN, CHECKPOINT_SUFFIXES
from openmm_mlff.storage.files import missing, no_plain_file
from openmm_mlff.storage.text import cut

WEIGHTS_FOLDER = Path(__file__).parent / "weights"


def shipped_students() -> list[str]:
    """Return the names of the students included in the package."""
    return sorted(path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors"))


def shipped_path(name: str) -> Path:
    """Return the path of the weights of a shipped student; raise CheckpointError without one."""
    if name not in shipped_students():
        raise CheckpointError(f"unknown student {name!r}; {nearest(name, shipped_students())}")
    return WEIGHTS_FOLDER / f"{name}.safetensors"


def check_checkpoint(spec: str) -> None:
    """Raise CheckpointError if a spec names a student or a checkpoint that is not there."""
    if spec.startswith("student:"):
        shipped_path(spec.removeprefix("student:"))
    elif not spec.startswith(BUILT_IN) and Path(spec).suffix in CHECKPOINT_SUFFIXES:
        check_file(Path(spec))


def check_file(path: Path) -> None:
    """Raise CheckpointError unless there is a file."""
    if not missing(path) and path.is_dir():
        raise CheckpointError(
            f"{path} is a folder, expected a checkpoint file; name the file inside it"
        )
    if reason := no_plain_file(path):
        raise CheckpointError(
            f"{reason}: {cut(str(path))}; {_similar(path)}expected a checkpoint or a "
            f"TorchScript file, or student:NAME with NAME one of {', '.join(shipped_students())}"
        )


def _similar(path: Path) -> str:
    """Return a question about a file beside it with a similar name, or an empty string."""
    beside = [file.name for file in path.parent.glob(f"*{path.suffix}") if file.exists()]
    meant = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.with_name(meant[0])}? Else " if meant else ""
