"""Python and the packages: what is installed, against what this package allows."""

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
"""conda-forge's openmm-torch brings the same module under another name."""


def examine_python() -> Finding:
    """Compare the interpreter with what the package allows."""
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
    """Compare every package with its allowed range.

    Returns:
        One finding a package: those that are needed, then optional ones that are installed or
        missing.
    """
    lines = importlib.metadata.requires(DISTRIBUTION) or []
    return [examine_requirement(one, extra=extra) for one, extra in requirements(lines)]


def requirements(lines: Iterable[str]) -> list[tuple[Requirement, str]]:
    """Read a distribution's requirements that hold here.

    Args:
        lines: of its metadata.

    Returns:
        Each with the extra that asks for it, empty where the package itself does; extras for
        development are left out.
    """
    found = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        named = re.search(r"extra == [\"']([\w-]+)[\"']", line)
        extra = named.group(1) if named else ""
        if extra in {"test", "lint", "dev", "docs"}:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            found.append((requirement, extra))
    return sorted(found, key=lambda pair: pair[1] != "")


def examine_requirement(requirement: Requirement, *, extra: str) -> Finding:
    """Compare one package with its range.

    Args:
        requirement: name and range.
        extra: that asks for it; without an extra a missing package is a problem.

    Returns:
        The finding.
    """
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
