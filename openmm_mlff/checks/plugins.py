"""A user's own checks: from a Python file named by the user, or from an installed entry point.

There is no global registration: a protocol names its plugin files with their hashes, so that a
worker, `judge` and a resumed run either have the same checks or report why not.
"""

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pydantic import ValidationError

from openmm_mlff.checks.base import Check, error
from openmm_mlff.config import PluginFile, Protocol, Threshold
from openmm_mlff.errors import ConfigError
from openmm_mlff.storage.text import one_line

ENTRY_POINTS = "openmm_mlff.checks"


@dataclass(frozen=True)
class Plugin:
    """The ``CHECKS`` of a plugin file, and its ``CRITERIA``: thresholds that the protocol lacks."""

    checks: tuple[Check, ...]
    criteria: Mapping[str, dict[str, Threshold]] = field(default_factory=dict)


def with_plugins(protocol: Protocol, paths: Sequence[str]) -> Protocol:
    """Return a protocol with the checks and thresholds of plugin files, as they are now.

    A check that the protocol names neither as required nor as reported becomes required.

    Raises:
        ConfigError: a file is missing, is not Python, or holds no checks.
    """
    for path in paths:
        file = _file(path)
        plugin = load_plugin(file)
        named = {*protocol.required, *protocol.reported}
        fresh = [spec.id for spec in plugin.checks if spec.id not in named]
        criteria = dict(protocol.criteria)
        for check_id, thresholds in plugin.criteria.items():
            criteria[check_id] = {**thresholds, **criteria.get(check_id, {})}
        protocol = protocol.model_copy(
            update={
                "plugins": (*(one for one in protocol.plugins if one.path != path), file),
                "required": (*protocol.required, *fresh),
                "criteria": criteria,
            }
        )
    return protocol


def trusting_only(protocol: Protocol, paths: Sequence[str]) -> Protocol:
    """Return a protocol recorded in a run with the plugin files named by the user, as they are now.

    Other files in it are not loaded: a run directory of unknown origin must not execute code.

    Raises:
        ConfigError: the run used another file, too.
    """
    named = {path: _file(path) for path in paths}
    hashes = {file.sha256 for file in named.values()}
    recorded = {file.sha256 for file in protocol.plugins}
    for file in protocol.plugins:
        if file.path not in named and file.sha256 not in hashes:
            raise ConfigError(
                f"the run used the plugin {file.path} (sha256 {file.sha256[:12]}), which is code; "
                "name it with --plugin to run it"
            )
    same = tuple(file for file in named.values() if file.sha256 in recorded)
    others = [path for path, file in named.items() if file.sha256 not in recorded]
    return with_plugins(protocol.model_copy(update={"plugins": same}), others)


def own_checks(protocol: Protocol, *, known: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of a protocol that do not come with the package, whose ids are `known`.

    Raises:
        ConfigError: a file changed, is missing or broken, or an id is taken.
    """
    found: dict[str, Check] = {}
    for file in protocol.plugins:
        for spec in load_plugin(file).checks:
            if spec.id in known or spec.id in found:
                raise ConfigError(
                    f"plugin {file.path}: there already is a check {spec.id!r}; give it another id"
                )
            found[spec.id] = spec
    wanted = {*protocol.required, *protocol.reported} - {*known, *found}
    return (*found.values(), *installed_checks(protocol, sorted(wanted)))


def installed_names() -> list[str]:
    """Return the ids of the checks of installed packages; nothing is imported."""
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINTS)})


def installed_checks(protocol: Protocol, ids: Iterable[str] | None = None) -> tuple[Check, ...]:
    """Load installed checks, by default all; a broken one is an ERROR where it is run."""
    found = []
    for check_id in installed_names() if ids is None else ids:
        for entry in list(entry_points(group=ENTRY_POINTS, name=check_id))[:1]:
            try:
                found.append(load_entry(entry))
            # The package is not ours; it must not break the command.
            except (Exception, SystemExit) as failure:
                found.append(_broken(check_id, protocol, failure))
    return tuple(found)


def load_entry(entry: EntryPoint) -> Check:
    """Load one installed check.

    Raises:
        TypeError: it is not a Check, or its id is not the entry point's name.
    """
    spec = entry.load()
    if not isinstance(spec, Check) or spec.id != entry.name:
        raise TypeError(f"{entry.value} is not a Check with the id {entry.name!r}")
    return spec


def packages_of(protocol: Protocol) -> tuple[str, ...]:
    """Return the names of the installed packages whose checks a protocol names."""
    wanted = {*protocol.required, *protocol.reported}
    entries = (entry for entry in entry_points(group=ENTRY_POINTS) if entry.name in wanted)
    return tuple(sorted({entry.dist.name for entry in entries if entry.dist is not None}))


def _file(path: str) -> PluginFile:
    """Return a plugin file as it is now."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read plugin {path} ({error.strerror}); expected a Python file with CHECKS"
        ) from error
    return PluginFile(path=path, sha256=hashlib.sha256(content).hexdigest())


def load_plugin(file: PluginFile) -> Plugin:
    """Import a plugin file if its hash is unchanged.

    Raises:
        ConfigError: it changed, is missing, or is not a plugin.
    """
    now = _file(file.path).sha256
    if now != file.sha256:
        raise ConfigError(
            f"plugin {file.path} has changed (sha256 {now[:12]}, expected {file.sha256[:12]}); "
            "restore it, or name it with --plugin"
        )
    return _imported(str(Path(file.path).resolve()), file.path, file.sha256)


@lru_cache(maxsize=64)
def _imported(path: str, shown: str, sha256: str) -> Plugin:
    source = importlib.util.spec_from_file_location(f"mlff_plugin_{sha256[:16]}", path)
    if source is None or source.loader is None:
        raise ConfigError(f"plugin {shown} is not a Python file; expected one that ends in .py")
    module = importlib.util.module_from_spec(source)
    try:
        source.loader.exec_module(module)
    # The file is the user's own code, and may raise anything.
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        raise ConfigError(f"plugin {shown} cannot be imported ({said}); fix or omit it") from error
    checks = getattr(module, "CHECKS", None)
    # A file without checks of its own may load a library that the potential needs.
    if not isinstance(checks, (tuple, list)):
        raise ConfigError(
            f"plugin {shown} has no CHECKS; expected CHECKS = (CHECK,), or CHECKS = () where it "
            "only loads a library"
        )
    for spec in checks:
        if not isinstance(spec, Check):
            raise ConfigError(f"plugin {shown}: {type(spec).__name__} in CHECKS is not a Check")
    try:
        criteria = {
            str(check_id): {name: Threshold.model_validate(one) for name, one in thresholds.items()}
            for check_id, thresholds in getattr(module, "CRITERIA", {}).items()
        }
    except (AttributeError, ValidationError) as error:
        raise ConfigError(
            f"plugin {shown}: cannot read CRITERIA; expected "
            "{ID: {NAME: {'value': ..., 'unit': ..., 'source': ...}}}"
        ) from error
    return Plugin(tuple(checks), criteria)


def _broken(check_id: str, protocol: Protocol, failure: BaseException) -> Check:
    """Return a check whose measurement fails because its plugin cannot be loaded."""
    reason = f"its plugin cannot be loaded ({one_line(failure, with_type=True)})"

    def measure(_: object) -> None:
        raise ConfigError(reason) from failure

    return Check(
        id=check_id,
        group="surface",
        question="This check's plugin cannot be loaded.",
        formula="",
        unit="",
        limits={name: one.unit for name, one in protocol.limits_for(check_id).items()},
        source=f"entry point {ENTRY_POINTS}",
        consequence="Its result is not known.",
        remedy="Fix or reinstall the package that provides it.",
        record=object,
        measure=measure,
        judge=lambda *_: error(reason),
    )
