"""The identity of a potential or reference: what its spec string stands for on this machine.

Resume, certificate, campaign and report compare potentials by it and by nothing else.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from pydantic import Field

from openmm_mlff.config import Frozen, canonical_sha256
from openmm_mlff.errors import PotentialError

MOST_FILES = 20_000
"""Of a folder that an option names; more are taken for a mistake."""

_WRITTEN_TO = frozenset(
    ("directory", "label", "logfile", "outfile", "tmp_dir", "trajectory", "txt", "workdir")
)
"""Options of ASE calculators that name what they write, not what they read."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Sources:
    """What a potential is made of.

    Attributes:
        files: SHA-256 of each file's content, by the name that the spec gives it.
        modules: importable modules whose distributions define it.
        parameters: SHA-256 of the numbers it holds, where they can be reached.
        details: further JSON-like values that define it.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ()
    parameters: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Fingerprint(Frozen):
    """What a potential consists of.

    Attributes:
        spec: the string that names it.
        files: SHA-256 of each file's content, by the name that the spec gives it.
        parameters: SHA-256 of the numbers it holds; None where files say it or none can be reached.
        packages: version of each distribution that defines it.
        details: further values that define it.
    """

    spec: str
    files: dict[str, str] = Field(default_factory=dict)
    parameters: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """Hash of spec, files and parameters; the name of a file does not count."""
        return canonical_sha256(
            {
                "spec": _without_names(self.spec, self.files),
                "files": sorted(self.files.values()),
                "parameters": self.parameters,
                "details": self.details,
            }
        )

    @property
    def sha256(self) -> str:
        """Hash of the content and of the versions of the packages that run it."""
        return canonical_sha256({"content": self.content_sha256, "packages": self.packages})

    def difference(self, before: "Fingerprint") -> str:
        """Return what differs from an earlier fingerprint.

        Returns:
            E.g. ``the file k.txt (sha256 1a2b3c4d5e6f, was 6f5e4d3c2b1a)``; empty where nothing
            does.
        """
        if self.content_sha256 != before.content_sha256:
            return self._changed_content(before)
        for name in sorted({*self.packages, *before.packages}):
            here, there = self.packages.get(name, "none"), before.packages.get(name, "none")
            if here != there:
                return f"the package {name} (version {here}, was {there})"
        return ""

    def _changed_content(self, before: "Fingerprint") -> str:
        earlier = before.files
        if len(self.files) == len(earlier) == 1:
            # The only file of both, whatever its name.
            earlier = dict.fromkeys(self.files, next(iter(earlier.values())))
        for name in sorted({*self.files, *earlier}):
            now, then = self.files.get(name), earlier.get(name)
            if now != then:
                return f"the file {name} (sha256 {_short(now)}, was {_short(then)})"
        if self.parameters != before.parameters:
            now, then = _short(self.parameters), _short(before.parameters)
            return f"its parameters (sha256 {now}, was {then})"
        return f"its definition (it was {before.spec})"


def fingerprint(spec: str, sources: Sources) -> Fingerprint:
    """Return the fingerprint of a potential, with the versions of what is installed now."""
    return Fingerprint(
        spec=spec,
        files=dict(sources.files),
        parameters=sources.parameters,
        packages=distributions_of(sources.modules),
        details=dict(sources.details),
    )


def distributions_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed distributions that hold modules.

    Args:
        modules: names, with or without their parts after the first dot.

    Returns:
        Versions by name of the distribution; a module of no distribution is left out.
    """
    owners = _owners()
    names = {name for module in modules for name in owners.get(module.partition(".")[0], ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@cache
def _owners() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def hash_path(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files in a folder.

    Args:
        path: of the file or folder.

    Returns:
        Hexadecimal digits; the names of a folder's files count, its own does not.

    Raises:
        PotentialError: it cannot be read, or the folder holds too many files.
    """
    try:
        if not path.is_dir():
            return _hash_file(path)
        digest = hashlib.sha256()
        for count, file in enumerate(_files_in(path)):
            if count == MOST_FILES:
                raise PotentialError(
                    f"{path} holds more than {MOST_FILES} files; expected the folder of one model"
                )
            digest.update(f"{file.relative_to(path)}\0{_hash_file(file)}\n".encode())
    except OSError as error:
        raise PotentialError(
            f"{error.filename or path} cannot be read ({error.strerror}); a potential's spec names "
            "it: make it readable, or correct the spec"
        ) from error
    return digest.hexdigest()


def _files_in(folder: Path) -> Iterator[Path]:
    found = (file for file in folder.rglob("*") if "__pycache__" not in file.parts)
    return iter(sorted(file for file in found if file.is_file()))


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_named(options: Mapping[str, Any], *, beside: Path | None = None) -> dict[str, str]:
    """Hash every file and folder that the options of a spec name.

    Args:
        options: after the question mark of the spec, by name.
        beside: folder of the module that reads them, tried after the working folder.

    Returns:
        SHA-256 by the name that the option gives it.
    """
    found: dict[str, str] = {}
    for key, value in options.items():
        if key in _WRITTEN_TO:
            continue
        for name in value if isinstance(value, list) else [value]:
            path = _existing(name, beside=beside) if isinstance(name, str) and name else None
            if path is not None:
                found[name] = hash_path(path)
    return found


def _existing(name: str, *, beside: Path | None) -> Path | None:
    """Return the file or folder of a name; not the working folder itself or one around it."""
    folders = [Path()] if beside is None else [Path(), beside]
    for folder in folders:
        path = folder / Path(name).expanduser()
        try:
            if path.exists() and not Path.cwd().is_relative_to(path.resolve()):
                return path
        except (OSError, ValueError):  # Too long for a name, or with a null byte.
            return None
    return None


def own_sources(module: str) -> dict[str, str]:
    """Hash the source files of a user's own module, and of the user's modules that it imports.

    Args:
        module: name of an imported module.

    Returns:
        SHA-256 by file, e.g. ``my_model.py``; empty for modules of installed distributions, which
        their version identifies.
    """
    found: dict[str, str] = {}
    waiting, seen = [module], {module}
    while waiting:
        name = waiting.pop()
        loaded = sys.modules.get(name)
        path = _own_file(loaded)
        if loaded is None or path is None:
            continue
        found[f"{name.replace('.', '/')}.py"] = hash_path(path)
        imported = _imported(path, package=loaded.__package__ or "") - seen
        seen |= imported
        waiting += sorted(imported)
    return found


def _imported(path: Path, *, package: str) -> set[str]:
    """Return the names of the modules that a source file imports, and of what it takes of them."""
    if path.suffix != ".py":
        return set()
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            start = "." * node.level + (node.module or "")
            home = importlib.util.resolve_name(start, package) if node.level else start
            names |= {home, *(f"{home}.{alias.name}" for alias in node.names)}
    return names


def _own_file(module: ModuleType | None) -> Path | None:
    """Return the source file of a module that belongs to no installed distribution."""
    file = getattr(module, "__file__", None)
    if module is None or not file or module.__name__.partition(".")[0] == "openmm_mlff":
        return None
    path = Path(file).resolve()
    installed = _installed_folders(tuple(sys.path))
    return None if any(path.is_relative_to(folder) for folder in installed) else path


@cache
def _installed_folders(searched: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the folders that pip installs into, among them those that a path file adds."""
    paths = sysconfig.get_paths()
    named = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    named += [*site.getsitepackages(), site.getusersitepackages()]
    named += [name for name in searched if any(Path(name).glob("*.dist-info"))]
    return tuple(Path(name).resolve() for name in named)


def _without_names(spec: str, files: Mapping[str, str]) -> str:
    """Return a spec with the content of the files that it names in place of their names."""
    if spec in files:
        return ""
    body, mark, query = spec.partition("?")
    if not mark:
        return body
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    return body + json.dumps(sorted((key, files.get(value, value)) for key, value in pairs))


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
