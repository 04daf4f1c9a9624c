"""Read TorchScript files in the same way as OpenMM's plugin."""

import hashlib
import io
import re
from pathlib import Path

import torch

from openmm_mlff.errors import CheckpointError
from openmm_mlff.storage.files import no_plain_file
from openmm_mlff.storage.text import cut
from openmm_mlff.students.loading import is_torchscript


def read_archive(path: Path) -> tuple[torch.jit.ScriptModule, str]:
    """Read a TorchScript file onto the CPU; return the module and the SHA-256 of the file.

    Raises:
        CheckpointError: missing, unreadable, damaged, or not a TorchScript file.
    """
    reason = no_plain_file(path)
    if reason:
        raise CheckpointError(f"{cut(str(path))}: {reason}; expected a TorchScript file")
    if not is_torchscript(path):
        raise CheckpointError(
            f"{path} is damaged or not a TorchScript archive; expected a file of torch.jit.save"
        )
    try:
        module = torch.jit.load(str(path), map_location="cpu")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (RuntimeError, OSError, ValueError) as error:
        operator = _MISSING_OPERATOR.search(str(error))
        if operator:
            raise CheckpointError(
                f"{path} uses the operator {operator[1]}, whose library is not loaded; import the "
                "library in a file named by --plugin FILE.py, or before the file is loaded in "
                "Python"
            ) from error
        raise CheckpointError(
            f"{path} cannot be read as TorchScript ({torch_reason(error)}); it may be damaged, or "
            "written by a newer torch: write it again with torch.jit.save"
        ) from error
    return module, digest


def copy_of(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """Copy a module on the CPU by serialisation.

    `copy.deepcopy` would keep a reference from the weights to the originals.
    """
    return torch.jit.load(io.BytesIO(module.save_to_buffer()), map_location="cpu")


def torch_reason(error: BaseException) -> str:
    """Return the informative line of a torch error.

    TorchScript puts its traceback before that line, C++ after it.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    raised = [line for line in lines if _RAISED in line.split(":")[0] and ":" in line]
    if lines[0].startswith("The following operation failed") and raised:
        return raised[-1].partition(":")[2].strip() or raised[-1]
    return lines[0]


_RAISED = "Error"
_MISSING_OPERATOR = re.compile(r"Unknown builtin op: ([\w.:]+?)\.?\s")
