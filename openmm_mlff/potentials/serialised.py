"""OpenMM objects in XML, read without running code."""

import re
from xml.etree import ElementTree

import openmm

_FIRST_TAG = re.compile(r"<([^?]\S*)")
"""The rule by which OpenMM itself determines the type of an XML text."""


def deserialize(text: str, *, expected: str) -> openmm.State | openmm.System:
    """Read a ``State`` or a ``System`` from XML.

    OpenMM deserializes States, Systems and Forces by the same call, and a `PythonForce` unpickles
    its content, so any other XML and Systems with that force are refused.

    Raises:
        ValueError: the XML is not what is expected, or contains code.
    """
    found = _FIRST_TAG.search(text)
    if found is None or found[1] != expected:
        raise ValueError(
            f"it contains {'a ' + found[1] if found else 'no XML'}, expected a {expected}"
        )
    if expected == "System":
        types = {node.get("type") for node in ElementTree.fromstring(text).iter()}
        if "PythonForce" in types or "PythonForce" in text:
            raise ValueError("it contains a PythonForce, which is code that reading would run")
    return openmm.XmlSerializer.deserialize(text)
