"""Versions of Python and of the installed packages, compared with the required ones."""

import importlib.metadata
import importlib.util
import platform
import re
import sys
from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from openmm_mlff.doctor.findings import Finding

DISTRIBUTION = "openmm-mlff"
PLUGIN, PLUGIN_MODULE = "acellera-openmmtorch-cu13", "openmmtorch"
"""The openmm-torch package of conda-forge provides the same module under another name."""


def examine_python() -> Finding:
    """Compare the version of the interpreter with the required one."""
    allowed = str(importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"] or "")
    found = f"{platform.python_version()} in {sys.prefix}"
    if SpecifierSet(allowed).contains(platform.python_version(), prereleases=True):
        return Finding("python", "Python", "ok", found)
    remedy = (
        "make an environment with python 3.11: python3.11 -m venv .venv, or "
        "conda create -n openmm-mlff python=3.11"
    )
    return Finding("python", "Python", "problem", f"{found}; allowed is {allowed}", remedy)


def examine_packages() -> list[Finding]:
    """Compare every package with its range; required packages first, then optional ones."""
    lines = importlib.metadata.requires(DISTRIBUTION) or []
    return [examine_requirement(one, extra=extra) for one, extra in requirements(lines)]


def requirements(lines: Iterable[str]) -> list[tuple[Requirement, str]]:
    """Read the requirements that apply here from the metadata of a distribution.

    Each is returned with the extra that requires it, empty for the package itself; extras for
    development, and those made of other extras, are ignored.
    """
    found = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        named = re.search(r"extra == [\"']([\w-]+)[\"']", line)
        extra = named.group(1) if named else ""
        if extra in {"test", "lint", "dev", "docs", "training"}:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            found.append((requirement, extra))
    return sorted(found, key=lambda pair: pair[1] != "")


def examine_requirement(requirement: Requirement, *, extra: str) -> Finding:
    """Compare one package with its range; if missing, it is a problem unless in an extra."""
    name, specifier = requirement.name, requirement.specifier
    allowed, remedy = (
        f"allowed is {specifier or 'any version'}",
        f'run: pip install "{name}{specifier}"',
    )
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name == PLUGIN and importlib.util.find_spec(PLUGIN_MODULE) is not None:
            found = f"the module {PLUGIN_MODULE} is there instead"
            return Finding("packages", name, "ok", found)
        if extra:
            remedy = f"run: pip install 'openmm_mlff[{extra}]'"
            found = f"not installed; needed for {extra}"
            return Finding("packages", name, "note", found, remedy)
        return Finding("packages", name, "problem", f"not installed; {allowed}", remedy)
    if specifier.contains(version, prereleases=True):
        return Finding("packages", name, "ok", version)
    return Finding("packages", name, "problem", f"{version}; {allowed}", remedy)
