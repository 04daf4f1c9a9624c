"""Peers from optional packages: names and availability."""

import importlib.util

TORCH_SIM = "torch-sim"
SCHNETPACK = "schnetpack"

_MODULES = {TORCH_SIM: ("torch_sim", "torch-sim-atomistic"), SCHNETPACK: (SCHNETPACK, SCHNETPACK)}


def what_is_missing(name: str) -> str:
    """Return a sentence on what a peer needs to be installed, or an empty string if it is.

    Nothing is imported.
    """
    module, distribution = _MODULES[name]
    if importlib.util.find_spec(module) is not None:
        return ""
    return f"the module {module} is not installed; pip install {distribution} to have it measured"
