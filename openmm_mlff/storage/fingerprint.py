"""The identity of a potential or reference: the content that its spec string refers to here.

Resume, certificate, campaign and report compare potentials only by fingerprint.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
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
"""In a folder named by an option; more indicate a mistake."""

_WRITTEN_TO = frozenset(
    ("directory", "label", "logfile", "outfile", "tmp_dir", "trajectory", "txt", "workdir")
)
"""Options of ASE calculators that name output, not input."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Sources:
    """The parts of a potential.

    Attributes:
        files: SHA-256 of the content, by the name in the spec.
        modules: importable modules whose distributions define the potential.
        parameters: SHA-256 of the parameters, if they are accessible.
        details: further JSON-like values.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ()
    parameters: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Fingerprint(Frozen):
    """The parts of a potential, with the versions of its packages.

    Attributes:
        files: SHA-256 of the content, by the name in the spec.
        parameters: SHA-256 of the parameters; None if files hold them or they are inaccessible.
        packages: version of each distribution that defines the potential.
        details: further JSON-like values.
    """

    spec: str
    files: dict[str, str] = Field(default_factory=dict)
    parameters: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def content_sha256(self) -> str:
        """Hash of the spec and all content, independent of file names."""
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
        """Hash of the content and the package versions."""
        return canonical_sha256({"content": self.content_sha256, "packages": self.packages})

    def difference(self, before: "Fingerprint") -> str:
        """Return the first difference from an earlier fingerprint; empty if there is none.

        Example: ``the file k.txt (sha256 1a2b3c4d5e6f, was 6f5e4d3c2b1a)``.
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
            # Compare the only file of each, even if it was renamed.
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
    """Return the fingerprint of a potential with the installed package versions."""
    return Fingerprint(
        spec=spec,
        files=dict(sources.files),
        parameters=sources.parameters,
        packages=distributions_of(sources.modules),
        details=dict(sources.details),
    )


def distributions_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions of the installed distributions that contain modules, by distribution."""
    owners = _owners()
    names = {name for module in modules for name in owners.get(module.partition(".")[0], ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@cache
def _owners() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def hash_path(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, or of the names and content of a folder's files.

    Raises:
        PotentialError: it cannot be read, or the folder has too many files.
    """
    try:
        if not path.is_dir():
            return _hash_file(path)
        found = (file for file in path.rglob("*") if "__pycache__" not in file.parts)
        files = sorted(file for file in found if file.is_file())
        if len(files) > MOST_FILES:
            raise PotentialError(
                f"{path} contains more than {MOST_FILES} files; expected the folder of one model"
            )
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(path)}\0{_hash_file(file)}\n".encode())
    except OSError as error:
        raise PotentialError(
            f"{error.filename or path} cannot be read ({error.strerror}); a potential's spec names "
            "it: make it readable, or correct the spec"
        ) from error
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_named(options: Mapping[str, Any], *, beside: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file and folder that the options of a spec name.

    Names are resolved in the working folder, then in `beside`, the folder of the module that
    reads the options.
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
    """Return the named file or folder, except the working folder or one of its parents."""
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
    """Return the SHA-256 of the source of a user's module and of the user's modules it imports.

    Modules of installed distributions are omitted, since their version identifies them.
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
    """Return the modules that a source file imports, and the names imported from them."""
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
    """Return the source file of a module that is not part of an installed distribution."""
    file = getattr(module, "__file__", None)
    if module is None or not file or module.__name__.partition(".")[0] == "openmm_mlff":
        return None
    path = Path(file).resolve()
    installed = _installed_folders(tuple(sys.path))
    return None if any(path.is_relative_to(folder) for folder in installed) else path


@cache
def _installed_folders(searched: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the folders that pip installs into, including those added by path files."""
    paths = sysconfig.get_paths()
    named = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    named += [*site.getsitepackages(), site.getusersitepackages()]
    named += [name for name in searched if any(Path(name).glob("*.dist-info"))]
    return tuple(Path(name).resolve() for name in named)


def _without_names(spec: str, files: Mapping[str, str]) -> str:
    """Return a spec with file names replaced by their hashes."""
    if spec in files:
        return ""
    body, mark, query = spec.partition("?")
    if not mark:
        return body
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    return body + json.dumps(sorted((key, files.get(value, value)) for key, value in pairs))


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
