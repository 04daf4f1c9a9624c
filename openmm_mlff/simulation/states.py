"""Deserialize an OpenMM State, and nothing else, from XML."""

import re

import openmm

# The rule by which OpenMM itself determines the type.
_FIRST_TAG = re.compile(r"<([^?]\S*)")


def deserialize_state(text: str) -> openmm.State:
    """Read a State from XML.

    OpenMM deserializes a System or a Force by the same call, and a `PythonForce` unpickles its
    content, so any other XML is refused.

    Raises:
        ValueError: the XML is not a State.
    """
    found = _FIRST_TAG.search(text)
    if found is None or found[1] != "State":
        raise ValueError(f"it holds {'a ' + found[1] if found else 'no XML'}, expected a State")
    return openmm.XmlSerializer.deserialize(text)
