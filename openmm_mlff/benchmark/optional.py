"""Peers that are other packages: what they are called, and whether they are here."""

import importlib.util

TORCH_SIM = "torch-sim"
SCHNETPACK = "schnetpack"

_MODULES = {TORCH_SIM: ("torch_sim", "torch-sim-atomistic"), SCHNETPACK: (SCHNETPACK, SCHNETPACK)}


def what_is_missing(name: str) -> str:
    """Say what would have to be installed for a peer; nothing is imported.

    Args:
        name: `TORCH_SIM` or `SCHNETPACK`.

    Returns:
        One sentence; empty where it is installed.
    """
    module, distribution = _MODULES[name]
    if importlib.util.find_spec(module) is not None:
        return ""
    return f"the module {module} is not installed; pip install {distribution} to have it measured"
