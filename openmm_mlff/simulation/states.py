"""OpenMM's XML of a State, and of nothing else."""

import re

import openmm

# As OpenMM itself finds out what it was given.
_FIRST_TAG = re.compile(r"<([^?]\S*)")


def deserialize_state(text: str) -> openmm.State:
    """Read a State.

    OpenMM reads a System or a Force by the same call, and a `PythonForce` unpickles what its XML
    holds: what is not a State is not given to it.

    Args:
        text: XML.

    Returns:
        The State.

    Raises:
        ValueError: it is no State.
    """
    found = _FIRST_TAG.search(text)
    if found is None or found[1] != "State":
        raise ValueError(f"it holds {'a ' + found[1] if found else 'no XML'}, expected a State")
    return openmm.XmlSerializer.deserialize(text)
