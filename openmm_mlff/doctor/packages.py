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
    version = platform.python_version()
    where = sys.prefix
    if SpecifierSet(allowed).contains(version, prereleases=True):
        return Finding("python", "Python", "ok", f"{version} in {where}")
    return Finding(
        "python",
        "Python",
        "problem",
        f"{version} in {where}; allowed is {allowed}",
        "make an environment with python 3.11: python3.11 -m venv .venv, or "
        "conda create -n openmm-mlff python=3.11",
    )


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
    name, allowed = requirement.name, str(requirement.specifier) or "any version"
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return _missing(name, allowed=allowed, extra=extra)
    if requirement.specifier.contains(version, prereleases=True):
        return Finding("packages", name, "ok", version)
    return Finding(
        "packages",
        name,
        "problem",
        f"{version}; allowed is {allowed}",
        f'run: pip install "{name}{requirement.specifier}"',
    )


def _missing(name: str, *, allowed: str, extra: str) -> Finding:
    if name == PLUGIN and importlib.util.find_spec(PLUGIN_MODULE) is not None:
        return Finding("packages", name, "ok", f"the module {PLUGIN_MODULE} is there instead")
    if extra:
        return Finding(
            "packages",
            name,
            "note",
            f"not installed; needed for {extra}",
            f"run: pip install 'openmm_mlff[{extra}]'",
        )
    return Finding(
        "packages",
        name,
        "problem",
        f"not installed; allowed is {allowed}",
        f'run: pip install "{name}{"" if allowed == "any version" else allowed}"',
    )
