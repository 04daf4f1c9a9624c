"""A user's own checks: from a Python file that was named, or from an installed entry point.

Nothing is registered anywhere: a protocol names its plugin files with their hashes, so whoever has
the protocol (a worker, `judge`, a resumed run) has the same checks or says why not.
"""

import hashlib
import importlib.util
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from openmm_mlff.checks.base import Check, Judgement, error
from openmm_mlff.config import PluginFile, Protocol, Threshold
from openmm_mlff.errors import ConfigError, MlffError
from openmm_mlff.storage.typed import record

ENTRY_POINTS = "openmm_mlff.checks"


class PluginError(MlffError):
    """A check of an installed package cannot be loaded."""


@record
class NoRecord:
    """Nothing was measured."""


@dataclass(frozen=True)
class Plugin:
    """What a plugin file holds.

    Attributes:
        checks: its ``CHECKS``.
        criteria: its ``CRITERIA``, thresholds where the protocol sets none.
    """

    checks: tuple[Check, ...]
    criteria: Mapping[str, dict[str, Threshold]] = field(default_factory=dict)


def with_plugins(protocol: Protocol, paths: Sequence[str]) -> Protocol:
    """Let a protocol use the checks of plugin files.

    A check that the protocol names neither as required nor as reported becomes required.

    Args:
        protocol: to be added to.
        paths: Python files; one that the protocol names already is taken as it is now.

    Returns:
        The protocol with the files, their hashes, their checks and their thresholds.

    Raises:
        ConfigError: a file is missing, is no Python, or holds no checks.
    """
    for path in paths:
        file = PluginFile(path=path, sha256=file_sha256(path))
        plugin = load_plugin(file)
        others = [one for one in protocol.plugins if one.path != path]
        named = {*protocol.required, *protocol.reported}
        fresh = [spec.id for spec in plugin.checks if spec.id not in named]
        criteria = dict(protocol.criteria)
        for check_id, thresholds in plugin.criteria.items():
            criteria[check_id] = {**thresholds, **criteria.get(check_id, {})}
        protocol = protocol.model_copy(
            update={
                "plugins": (*others, file),
                "required": (*protocol.required, *fresh),
                "criteria": criteria,
            }
        )
    return protocol


def trusting_only(protocol: Protocol, paths: Sequence[str]) -> Protocol:
    """Let a protocol that was read from a run use the files that were named, and no others.

    A run directory may be somebody else's, and what it names must not be run unasked.

    Args:
        protocol: as a run recorded it.
        paths: Python files that the user named.

    Returns:
        The protocol with these files as they are now.

    Raises:
        ConfigError: the run used another file, too.
    """
    named = [PluginFile(path=path, sha256=file_sha256(path)) for path in paths]
    hashes = {file.sha256 for file in named}
    for file in protocol.plugins:
        if file.path not in paths and file.sha256 not in hashes:
            raise ConfigError(
                f"the run used the plugin {file.path} (sha256 {file.sha256[:12]}), which is code; "
                "name it with --plugin to run it"
            )
    recorded = {file.sha256 for file in protocol.plugins}
    same = tuple(file for file in named if file.sha256 in recorded)
    others = [file.path for file in named if file not in same]
    return with_plugins(protocol.model_copy(update={"plugins": same}), others)


def own_checks(protocol: Protocol, *, known: Sequence[str]) -> tuple[Check, ...]:
    """Give the checks of a protocol that do not come with the package.

    Args:
        protocol: names plugin files, and perhaps ids of installed entry points.
        known: ids that are taken.

    Returns:
        Those of its files, then the installed ones that it names.

    Raises:
        ConfigError: a file changed, is missing or broken, or an id is taken.
    """
    found: dict[str, Check] = {}
    for file in protocol.plugins:
        for spec in load_plugin(file).checks:
            if spec.id in known or spec.id in found:
                raise ConfigError(
                    f"plugin {file.path}: there is a check {spec.id!r} already; give it another id"
                )
            found[spec.id] = spec
    wanted = {*protocol.required, *protocol.reported} - {*known, *found}
    installed = [_installed(check_id, protocol=protocol) for check_id in sorted(wanted)]
    return (*found.values(), *(spec for spec in installed if spec is not None))


def installed_names() -> list[str]:
    """List the ids of the checks that installed packages bring; nothing is imported."""
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINTS)})


def installed_checks(protocol: Protocol) -> tuple[Check, ...]:
    """Load every check that an installed package brings.

    Args:
        protocol: whose thresholds a broken one is shown with.

    Returns:
        By name; one that is broken gives an ERROR where it is run.
    """
    found = (_installed(name, protocol=protocol) for name in installed_names())
    return tuple(spec for spec in found if spec is not None)


def load_entry(entry: EntryPoint) -> Check:
    """Load one installed check.

    Args:
        entry: of the group `ENTRY_POINTS`.

    Returns:
        The check.

    Raises:
        TypeError: it is not a Check, or has another id than the entry point's name.
    """
    spec = entry.load()
    if not isinstance(spec, Check) or spec.id != entry.name:
        raise TypeError(f"{entry.value} is not a Check with the id {entry.name!r}")
    return spec


def packages_of(protocol: Protocol) -> tuple[str, ...]:
    """Name the installed packages that bring checks of a protocol."""
    wanted = {*protocol.required, *protocol.reported}
    entries = (entry for entry in entry_points(group=ENTRY_POINTS) if entry.name in wanted)
    return tuple(sorted({entry.dist.name for entry in entries if entry.dist is not None}))


def file_sha256(path: str) -> str:
    """Hash a plugin file.

    Returns:
        Hexadecimal digits.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            f"cannot read plugin {path} ({error.strerror}); expected a Python file with CHECKS"
        ) from error


def load_plugin(file: PluginFile) -> Plugin:
    """Import a plugin file, if it still is what it was.

    Args:
        file: with its hash.

    Returns:
        What it holds.

    Raises:
        ConfigError: it changed, is missing, or is no plugin.
    """
    now = file_sha256(file.path)
    if now != file.sha256:
        raise ConfigError(
            f"plugin {file.path} is another than the one this was run with (sha256 {now[:12]}, "
            f"expected {file.sha256[:12]}); put the former back, or name it with --plugin"
        )
    return _imported(str(Path(file.path).resolve()), file.path, file.sha256)


@lru_cache(maxsize=64)
def _imported(path: str, shown: str, sha256: str) -> Plugin:
    module = _module(path, shown=shown, name=f"mlff_plugin_{sha256[:16]}")
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


def _module(path: str, *, shown: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"plugin {shown} is no Python file; expected one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    # The file is the user's own code, and may raise anything.
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"plugin {shown} cannot be imported ({type(error).__name__}: {error}); mend it, or "
            "leave it out"
        ) from error
    return module


def _installed(check_id: str, *, protocol: Protocol) -> Check | None:
    """Load an installed check; one that is broken is a check that gives an ERROR."""
    for entry in entry_points(group=ENTRY_POINTS, name=check_id):
        try:
            return load_entry(entry)
        # Somebody else's package; it must not break the command.
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}"
            return _broken(check_id, protocol, said=said, trace=traceback.format_exc())
    return None


def _broken(check_id: str, protocol: Protocol, *, said: str, trace: str) -> Check:
    """Return a check whose measurement says that its plugin cannot be loaded."""
    reason = f"its plugin cannot be loaded ({' '.join(said.split())})"

    def measure(_: object) -> None:
        raise PluginError(f"{reason}\n{trace}")

    def judge(_: object, __: object) -> Judgement:
        return error(reason, traceback=trace)

    return Check(
        id=check_id,
        group="surface",
        question="This check's plugin cannot be loaded.",
        formula="",
        unit="",
        limits={name: one.unit for name, one in protocol.limits_for(check_id).items()},
        source=f"entry point {ENTRY_POINTS}",
        consequence="What it would have found is not known.",
        remedy="Mend or reinstall the package that brings it.",
        record=NoRecord,
        measure=measure,
        judge=judge,
    )
