"""The plugin openmm-torch: `TorchForce`, and `PythonTorchForce` in versions that have it."""

import logging
from types import ModuleType
from typing import Any

from openmm_mlff.errors import MissingDependencyError


def import_openmmtorch() -> ModuleType:
    """Import the plugin without the warning about `simtk` that it causes."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import openmmtorch
    except ImportError as error:
        raise MissingDependencyError(
            f"the OpenMM plugin openmmtorch cannot be imported ({error}); run: "
            "pip install acellera-openmmtorch-cu13==1.10, or conda install openmm-torch"
        ) from error
    finally:
        logging.disable(level)
    return openmmtorch


def python_torch_class() -> Any | None:
    """Return `PythonTorchForce`, or None where the plugin is missing or older than it.

    It calls `compute(state, positions)` with a tensor, on the GPU with the CUDA platform, and takes
    tensors; `PythonForce` copies both through NumPy.
    """
    try:
        return getattr(import_openmmtorch(), "PythonTorchForce", None)
    except MissingDependencyError:
        return None
