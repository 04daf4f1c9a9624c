"""Check whether a run can be resumed: same inputs and intact files."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.simulation.environment import installed_versions
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform
from openmm_mlff.simulation.streams import check_saved_run
from openmm_mlff.storage.fingerprint import Fingerprint
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory, read_json, write_json
from openmm_mlff.storage.text import cut

RUN_SCHEMA_VERSION = 2
PLATFORM_FILE = "platform.json"

_OTHERWISE = "or choose another --output"
_JUDGED = ("description", "may_approve", "required", "reported", "criteria")
"""Settings of a protocol that do not change how something is measured."""


def check_same_run(
    directory: RunDirectory, spec: ResolvedRequest, *, fingerprints: Mapping[str, Any]
) -> None:
    """Check that a run directory holds the requested run, without modifying it.

    Raises:
        RunDirectoryError: options, files or versions differ from those of the first start, or a
            file needed to resume is damaged.
        PlatformError: its platform is not available.
    """
    root = directory.root
    path = root / RUN_FILE
    before = read_json(path)
    version = before.get("schema_version") if isinstance(before, dict) else None
    if version != RUN_SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{path} is of schema version {version}, expected {RUN_SCHEMA_VERSION}: this version "
            "of the program cannot resume it; choose another --output"
        )
    found = first_difference(_as_measured(before.get("spec")), _as_measured(spec.record()))
    if found:
        raise RunDirectoryError(
            f"{root} contains a run with other settings: {found}; repeat its options with "
            f"--resume, {_OTHERWISE}"
        )
    try:
        _check_content(root, before["fingerprints"], fingerprints)
        versions = dict(before["environment"]["versions"])
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise RunDirectoryError(
            f"{path} lacks {error}; expected the run.json of a validation: choose another --output"
        ) from error
    _check_versions(root, versions)
    _stored_platform(root)
    for name in directory.system_names():
        # Reading a damaged file raises.
        store = MeasurementStore(directory.system(name))
        for measurement in store.names():
            store.read(measurement)
        for run in directory.run_names(name):
            check_saved_run(directory.run(name, run))


def _as_measured(stored: Any) -> Any:
    """Return what of a stored request determines the measurements that it asks for.

    Settings that it does not know yet have their defaults.  Which checks are asked, and their
    thresholds, may differ: only those of `stability` stop a simulation.
    """
    try:
        record = ResolvedRequest.model_validate(stored).record()
    except ValidationError:
        return stored
    protocol = {key: one for key, one in record["protocol"].items() if key not in _JUDGED}
    stability = record["protocol"]["criteria"].get("stability")
    return {**record, "protocol": {**protocol, "criteria.stability": stability}}


def _check_content(root: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise if the potential, the reference or a system has changed since the first start."""
    for what in ("potential", "reference"):
        if before[what] is None or now[what] is None:
            continue
        here = Fingerprint.model_validate(now[what])
        differs = here.difference(Fingerprint.model_validate(before[what]))
        if differs:
            raise RunDirectoryError(
                f"the {what} {here.spec} is not the one that {root} was started with: {differs} "
                f"differs; restore it, {_OTHERWISE}"
            )
    for name, digest in now["systems"].items():
        then = before["systems"][name]
        if then != digest:
            raise RunDirectoryError(
                f"the system {name} is not the one that {root} was started with (sha256 "
                f"{digest[:12]}, was {then[:12]}); restore its file, {_OTHERWISE}"
            )


def first_difference(before: Any, now: Any, *, where: str = "") -> str:
    """Return the first difference of two JSON values, e.g. ``seed was 1 and is now 2``."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            inside = f"{where}.{key}" if where else str(key)
            found = first_difference(before.get(key), now.get(key), where=inside)
            if found:
                return found
        return ""
    if before == now:
        return ""
    was, asked = cut(repr(before), length=80), cut(repr(now), length=80)
    return f"{where or 'all'} was {was} and is now {asked}"


def _check_versions(root: Path, before: Mapping[str, str]) -> None:
    now = installed_versions(before)
    for package in sorted({*before, *now}):
        then, here = before.get(package, "none"), now.get(package, "none")
        if then != here:
            raise RunDirectoryError(
                f"{root} was started with {package} {then}, but {here} is installed, so the run "
                f"would not be the same; install {package} {then} again, {_OTHERWISE}"
            )


def keep_platform(root: Path, choose: Callable[[], PlatformChoice]) -> PlatformChoice:
    """Return the stored platform of a run, or choose and store one.

    `auto` depends on timings, but all systems of a run must use one platform: the first choice
    applies to all, also if systems are run concurrently.
    """
    stored = _stored_platform(root)
    if stored is not None:
        return stored
    choice = choose()
    table = {"name": choice.name, "precision": choice.precision, "reason": choice.reason}
    path = root / PLATFORM_FILE
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    write_json(part, table)
    try:
        # Fails if another process has created it since.
        os.link(part, path)
    except OSError:
        if not path.exists():
            os.replace(part, path)
    part.unlink(missing_ok=True)
    return _stored_platform(root) or choice


def share_platform(source: Path, target: Path) -> None:
    """Copy the platform of one run to another that has none, if it is known."""
    stored = _stored_platform(source)
    if stored is not None:
        keep_platform(target, lambda: stored)


def _stored_platform(root: Path) -> PlatformChoice | None:
    """Read the platform that was chosen for a run."""
    path = root / PLATFORM_FILE
    if not path.exists():
        return None
    table = read_json(path)
    if not isinstance(table, dict) or set(table) != {"name", "precision", "reason"}:
        raise RunDirectoryError(
            f"{path} does not hold name, precision and reason; delete it to choose a platform again"
        )
    there = named_platform(table["name"], precision=table["precision"])
    return PlatformChoice(there.name, there.properties, table["reason"])
