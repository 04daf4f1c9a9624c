"""Everything that can be refused is refused here, before anything runs."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.plugins import with_plugins
from openmm_mlff.checks.registry import select
from openmm_mlff.config import (
    AUTO_REFERENCE,
    DEFAULT_REFERENCE,
    MOST_REPLICAS,
    NO_OPTIONS,
    PotentialOptions,
    Protocol,
    RunSpec,
    load_protocol,
)
from openmm_mlff.errors import ConfigError, MissingDependencyError, RunDirectoryError
from openmm_mlff.files import remove_parts
from openmm_mlff.locking import FolderLock
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.pipeline.resuming import RUN_SCHEMA_VERSION, check_same_run
from openmm_mlff.pipeline.selecting import embedded
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.base import check_precision
from openmm_mlff.potentials.frames import LabelledFrames, names_labelled_frames
from openmm_mlff.reading import missing
from openmm_mlff.rundir import RUN_FILE, TAKEN_NAMES, RunDirectory, read_json, write_json
from openmm_mlff.simulation.platforms import AUTO, named_platform

JOINING_S = 30.0
"""For whoever began a run to let the others join."""

NO_REFERENCE = "none"
LARGEST_SEED = 2**31 - 1
"""OpenMM's seeds are of 32 bits."""


@dataclass(frozen=True)
class Plan:
    """A validation that can be run.

    Attributes:
        spec: what was asked.
        potential: loaded.
        molecules: loaded, by name, in order.
        reference: a potential, or labelled frames, loaded; None where there is none.
        no_reference_reason: why there is none.
        checks: with whether each is required.
        directory: where it is written.
        lock: holds that folder until the plan has been run; None leaves it open to others.
    """

    spec: RunSpec
    potential: Potential
    molecules: dict[str, MolecularSystem]
    reference: Potential | LabelledFrames | None
    no_reference_reason: str
    checks: list[tuple[CheckSpec, bool]]
    directory: RunDirectory
    lock: FolderLock | None = None


def prepare(
    potential: str,
    *,
    systems: Sequence[str],
    protocol: str | Protocol,
    reference: str,
    platform: str,
    precision: str,
    seed: int,
    output: Path | None,
    resume: bool,
    options: PotentialOptions = NO_OPTIONS,
    replicas: int | None = None,
    charge: int | None = None,
    multiplicity: int | None = None,
    plugins: Sequence[str] = (),
    wait_s: float = 0.0,
    joins: bool = False,
) -> Plan:
    """Load and check all that a validation needs, and open its run directory.

    Args:
        potential: spec string.
        systems: library names or structure files.
        protocol: name or TOML file, or the protocol itself.
        reference: spec string, a file of labelled frames, ``auto`` (GFN2-xTB where tblite is
            installed), ``none``, or ``none:REASON``, which the report repeats.
        platform: ``auto`` or the name of an OpenMM platform.
        precision: ``single``, ``mixed`` or ``double``.
        seed: of velocities and distortions.
        output: folder of the run; None takes a new one under ``runs``.
        resume: go on with what is in `output`.
        options: what the spec string of the potential leaves open.
        replicas: of each run, instead of the protocol's number.
        charge: total charge of the systems instead of the recorded one.
        multiplicity: spin multiplicity of the systems instead of the recorded one.
        plugins: Python files with checks of the user's own.
        wait_s: so long `output` may be held by another process.
        joins: help a process that has begun this very run in `output`, and shares the folder.

    Returns:
        The plan.

    Raises:
        UserError: anything of it is unknown, missing or unusable.
    """
    asked = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    loaded_protocol = _with_replicas(with_plugins(asked, plugins), replicas)
    checks = select(loaded_protocol)
    _check_seed(seed)
    check_precision(precision)
    if platform != AUTO:
        platform = named_platform(platform, precision=precision).name
    model = load_potential(potential, options=options)
    model = embedded(model, systems=systems, options=options)
    molecules = _load_molecules(systems, model, charge=charge, multiplicity=multiplicity)
    judge_by, no_reference_reason = _load_reference(reference)
    spec = RunSpec(
        potential=potential,
        options=options,
        systems=tuple(systems),
        protocol=loaded_protocol,
        reference=judge_by.spec if judge_by else None,
        platform=platform,
        precision=precision,
        charge=charge,
        multiplicity=multiplicity,
        seed=seed,
    )
    name = safe_name(f"{model.name}-{loaded_protocol.name}", otherwise="run")
    if joins and output is not None:
        directory = RunDirectory.create(output)
        lock = FolderLock(output, wait_s=JOINING_S, shared=True)
    else:
        directory, lock = _held_directory(output, name, resume=resume, wait_s=wait_s)
    if not joins and (directory.root / RUN_FILE).exists():
        check_same_run(directory, spec, model=model, molecules=molecules, reference=judge_by)
        remove_parts(directory.root)
    return Plan(spec, model, molecules, judge_by, no_reference_reason, checks, directory, lock)


def _check_seed(seed: int) -> None:
    """See that OpenMM and NumPy take a seed."""
    if not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(f"--seed {seed}; expected a whole number from 0 to {LARGEST_SEED}")


def _with_replicas(protocol: Protocol, replicas: int | None) -> Protocol:
    """Let a protocol run so many replicas of each run."""
    if replicas is None:
        return protocol
    if not 1 <= replicas <= MOST_REPLICAS:
        raise ConfigError(f"--replicas {replicas}; expected 1 to {MOST_REPLICAS}")
    dynamics = protocol.dynamics.model_copy(update={"replicas": replicas})
    return protocol.model_copy(update={"dynamics": dynamics})


def _load_molecules(
    systems: Sequence[str], model: Potential, *, charge: int | None, multiplicity: int | None
) -> dict[str, MolecularSystem]:
    """Load the molecules and see that the potential knows their elements."""
    if not systems:
        raise ConfigError("no system was named; give at least one --system NAME or FILE")
    molecules: dict[str, MolecularSystem] = {}
    for name in systems:
        for molecule in load_systems(name, charge=charge, multiplicity=multiplicity):
            if molecule.name.casefold() in TAKEN_NAMES:
                raise ConfigError(
                    f"system {name}: {molecule.name!r} is the name of a file of the run; give the "
                    "structure another name"
                )
            if molecule.name in molecules:
                raise ConfigError(
                    f"system {molecule.name!r} was named twice; expected each once, under its own "
                    "name"
                )
            model.check_molecule(molecule)
            molecules[molecule.name] = molecule
    return molecules


def _load_reference(reference: str) -> tuple[Potential | LabelledFrames | None, str]:
    """Load the reference; only the default one may be missing."""
    if reference == NO_REFERENCE:
        return None, "no reference was asked for (--reference none)"
    if reference.startswith(f"{NO_REFERENCE}:"):
        reason = reference.partition(":")[2].strip()
        return None, f"no reference was asked for ({reason or 'no reason was given'})"
    if names_labelled_frames(reference):
        return LabelledFrames.from_file(reference), ""
    if reference != AUTO_REFERENCE:
        loaded = load_potential(reference)
        loaded.ase_calculator(precision="double")
        return loaded, ""
    try:
        return load_potential(DEFAULT_REFERENCE), ""
    except MissingDependencyError:
        return None, (
            "the default reference GFN2-xTB needs tblite, which is not installed; "
            "run: pip install 'openmm_mlff[reference]', or name another with --reference"
        )


def _new_output(name: str) -> Path:
    """Give a folder under ``runs`` that does not exist yet."""
    candidate, number = Path("runs") / name, 2
    while candidate.exists():
        candidate, number = Path("runs") / f"{name}-{number}", number + 1
    return candidate


def _held_directory(
    output: Path | None, name: str, *, resume: bool, wait_s: float
) -> tuple[RunDirectory, FolderLock]:
    """Open the run directory, and hold it; one that holds a run is only gone on with."""
    if resume and output is None:
        raise ConfigError("--resume without a folder; name the run to go on with by --output")
    root = output or _new_output(name)
    if not resume:
        _refuse_a_run(root)
    directory = RunDirectory.create(root)
    lock = FolderLock(directory.root, wait_s=wait_s)
    if not resume:
        # Another process may have begun one meanwhile.
        _refuse_a_run(root)
    return directory, lock


def _refuse_a_run(root: Path) -> None:
    """See that a folder holds no run."""
    if not missing(root / RUN_FILE):
        raise RunDirectoryError(
            f"{root} already holds a run; add --resume to go on with it, or choose another --output"
        )


def write_run_file(plan: Plan, *, status: str, environment: dict[str, Any]) -> None:
    """Write or update `run.json`: what was asked, with what, and how far it is."""
    path = plan.directory.root / RUN_FILE
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    before = read_json(path) if path.exists() else {}
    model = plan.potential
    write_json(
        path,
        {
            "schema_version": RUN_SCHEMA_VERSION,
            "status": status,
            "started": before.get("started", now),
            "updated": now,
            "spec": plan.spec.model_dump(mode="json"),
            "spec_sha256": plan.spec.sha256,
            "model": {
                "spec": model.spec,
                "name": model.name,
                "sha256": model.sha256,
                "n_parameters": model.n_parameters,
            },
            "reference_sha256": plan.reference.sha256 if plan.reference else None,
            "systems": list(plan.molecules),
            "environment": before.get("environment", {}) | environment,
        },
    )
