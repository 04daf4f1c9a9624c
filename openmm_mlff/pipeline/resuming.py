"""Whether a run can be gone on with: it must be the same run, and its files whole."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openmm_mlff.config import RunSpec
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.pipeline.kept import PLATFORM_FILE
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.records import jsonable
from openmm_mlff.rundir import (
    RUN_FILE,
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    read_json,
)
from openmm_mlff.simulation.environment import installed_versions
from openmm_mlff.simulation.inspection import check_saved_run
from openmm_mlff.simulation.platforms import named_platform

RUN_SCHEMA_VERSION = 1

_OTHERWISE = "or choose another --output"


def check_same_run(
    directory: RunDirectory,
    spec: RunSpec,
    *,
    model: Potential,
    molecules: Mapping[str, MolecularSystem],
    reference: Potential | LabelledFrames | None,
) -> None:
    """See that what is in a run directory is what is asked for now; nothing is touched.

    Args:
        directory: with a `run.json`.
        spec: what is asked.
        model: loaded.
        molecules: loaded, by name.
        reference: loaded.

    Raises:
        RunDirectoryError: options, files or versions differ from those of the first start, or a
            file that is needed to go on is damaged.
        PlatformError: the platform that it ran on is not there.
    """
    root = directory.root
    before = read_json(root / RUN_FILE)
    if not isinstance(before, dict) or before.get("schema_version") != RUN_SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{root / RUN_FILE} is not of version {RUN_SCHEMA_VERSION}; expected a run of this "
            "program: choose another --output"
        )
    if before.get("spec_sha256") != spec.sha256:
        found = first_difference(before.get("spec"), spec.model_dump(mode="json"))
        raise RunDirectoryError(
            f"{root} holds a run that was asked for differently: {found}; repeat its options with "
            f"--resume, {_OTHERWISE}"
        )
    try:
        files = [(f"the model {model.spec}", before["model"]["sha256"], model.sha256)]
        if reference is not None:
            kept = before["reference_sha256"]
            files.append((f"the reference {reference.spec}", kept, reference.sha256))
        versions = dict(before["environment"]["versions"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{root / RUN_FILE} lacks {error}; expected the run.json of a validation: choose "
            "another --output"
        ) from error
    for what, then, now in files:
        _check_file(root, what, then, now)
    _check_versions(root, versions)
    for name, molecule in molecules.items():
        _check_molecule(directory.system(name) / SYSTEM_FILE, molecule)
    for name in directory.system_names():
        _check_system(directory, name)


def first_difference(before: Any, now: Any, *, where: str = "") -> str:
    """Say where two JSON values differ first.

    Args:
        before: one.
        now: the other.
        where: path to both.

    Returns:
        E.g. ``seed was 1, asked now is 2``; empty where they are alike.
    """
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            inside = f"{where}.{key}" if where else str(key)
            found = first_difference(before.get(key), now.get(key), where=inside)
            if found:
                return found
        return ""
    if before == now:
        return ""
    return f"{where or 'all'} was {_short(before)}, asked now is {_short(now)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_file(root: Path, what: str, before: str, now: str) -> None:
    if before != now:
        raise RunDirectoryError(
            f"{what} is another than the one that {root} was begun with (sha256 {now[:12]}, "
            f"expected {str(before)[:12]}); put the former back, {_OTHERWISE}"
        )


def _check_versions(root: Path, before: Mapping[str, str]) -> None:
    now = installed_versions(before)
    for package in sorted({*before, *now}):
        then, here = before.get(package, "none"), now.get(package, "none")
        if then != here:
            raise RunDirectoryError(
                f"{root} was begun with {package} {then}, installed is {here}: the run would not "
                f"be the same; install {package} {then} again, {_OTHERWISE}"
            )


def _check_molecule(path: Path, molecule: MolecularSystem) -> None:
    if path.exists() and read_json(path) != jsonable(molecule_to_json(molecule)):
        raise RunDirectoryError(
            f"{path} holds another {molecule.name} than the one named now; put its former file "
            f"back, {_OTHERWISE}"
        )


def _check_system(directory: RunDirectory, name: str) -> None:
    """See that the files of a system are whole, and its platform there."""
    path = directory.system(name) / PLATFORM_FILE
    if path.exists():
        table = read_json(path)
        named_platform(table["name"], precision=table["precision"])
    for probe in directory.probe_names(name):
        read_json(directory.probe_path(name, probe))
    for run in directory.run_names(name):
        check_saved_run(directory.run(name, run))
