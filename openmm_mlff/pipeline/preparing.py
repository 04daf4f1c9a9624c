"""Load and check everything that a validation needs, before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openmm_mlff.checks.base import Check
from openmm_mlff.checks.registry import select
from openmm_mlff.config import AUTO_PLATFORM, Protocol
from openmm_mlff.errors import ConfigError, PotentialError, RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.pipeline.protocol import resolve_protocol
from openmm_mlff.pipeline.reference import choose_reference
from openmm_mlff.pipeline.resuming import RUN_SCHEMA_VERSION, check_same_run
from openmm_mlff.pipeline.run_file import update_run_file
from openmm_mlff.pipeline.systems import embedded, requested_systems
from openmm_mlff.pipeline.trial import check_all_evaluate, load_companions
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.request import ResolvedRequest, ValidationRequest
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.files import missing, remove_parts
from openmm_mlff.storage.locks import FolderLock
from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory


@dataclass(frozen=True)
class Plan:
    """A validation that can be run.

    Attributes:
        spec: the request with all defaults resolved.
        molecules: by name, in order.
        reference: a potential or labelled frames; None without a reference.
        no_reference: why a system is not compared with the reference, by name of the system.
        checks: each with whether it is required.
        lock: holds the directory until the plan has been run; None if another process holds it.
        not_asked: as `no_reference`, for systems whose accuracy is not part of this validation.
    """

    request: ValidationRequest
    spec: ResolvedRequest
    potential: Potential
    molecules: dict[str, MolecularSystem]
    reference: Potential | LabelledFrames | None
    no_reference: dict[str, str]
    checks: list[tuple[Check, bool]]
    directory: RunDirectory
    lock: FolderLock | None = None
    not_asked: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprints(self) -> dict[str, Any]:
        """Fingerprints of all inputs that determine the results, as JSON for `run.json`."""
        potential = self.potential
        further = {
            "own_calculator": potential.own and _fingerprint(potential.own),
            "second_reference": potential.second_reference
            and _fingerprint(potential.second_reference),
            "committee": {one.spec: _fingerprint(one) for one in potential.committee},
        }
        return {
            "potential": _fingerprint(potential),
            "reference": self.reference and _fingerprint(self.reference),
            **{name: found for name, found in further.items() if found},
            "systems": {name: molecule.sha256 for name, molecule in self.molecules.items()},
        }


def _fingerprint(source: Potential | LabelledFrames) -> dict[str, Any]:
    return source.fingerprint.model_dump(mode="json")


def prepare(request: ValidationRequest, *, wait_s: float = 0.0, joins: bool = False) -> Plan:
    """Load and check everything that a validation needs, and open its run directory.

    The lock of the output folder is waited for at most `wait_s`, unless the process `joins` the run
    of another, which holds it.

    Raises:
        UserError: an input is unknown, missing or unusable.
        PotentialError: code of the potential called `sys.exit`.
    """
    try:
        return _prepare(request, wait_s=wait_s, joins=joins)
    except SystemExit as error:
        # Its exit code must not become that of this program.
        raise PotentialError(
            f"{request.potential} ended the process (exit code {error.code}) while it was being "
            "loaded; expected a potential that can be evaluated"
        ) from error


def _check_boxes(protocol: Protocol, molecules: Mapping[str, MolecularSystem]) -> None:
    """Raise ConfigError where a protocol for boxes is asked of systems without one."""
    if protocol.box is not None:
        for molecule in molecules.values():
            if not molecule.is_periodic:
                raise ConfigError(
                    f"the protocol {protocol.name} simulates a periodic box, and {molecule.name} "
                    "has none; name a file with a box, or a protocol for molecules such as standard"
                )


def _prepare(request: ValidationRequest, *, wait_s: float, joins: bool) -> Plan:
    protocol = resolve_protocol(request)
    checks = select(protocol)
    platform = request.platform
    if platform != AUTO_PLATFORM:
        platform = named_platform(platform, precision=request.precision).name
    model = load_potential(request.potential, options=request.options)
    model = embedded(model, systems=request.systems, options=request.options)
    molecules = requested_systems(request)
    _check_boxes(protocol, molecules)
    for molecule in molecules.values():
        model.check_molecule(molecule)
    load_companions(model, request, molecules)
    if not joins:
        check_all_evaluate(model, molecules.values(), precision=request.precision)
    reference = choose_reference(request.reference, model, molecules, tried=joins)
    settled = {
        "protocol": protocol,
        "reference": reference.source.spec if reference.source else None,
        "platform": platform,
        # These are part of the protocol now.
        **dict.fromkeys(("temperature_kelvin", "timestep_fs", "duration_ps", "replicas")),
        "plugins": (),
    }
    given = {name: getattr(request, name) for name in ValidationRequest.model_fields}
    spec = ResolvedRequest.model_validate(given | settled)
    name = safe_name(f"{model.name}-{protocol.name}", otherwise="run")
    output, resume = request.output, request.resume
    if joins and output is not None:
        directory = RunDirectory.create(output)
        lock: FolderLock | None = None
    else:
        directory, lock = _held_directory(output, name, resume=resume, wait_s=wait_s)
    plan = Plan(
        request,
        spec,
        model,
        molecules,
        reference.source,
        reference.missing,
        checks,
        directory,
        lock,
        not_asked=reference.not_asked,
    )
    try:
        # Computed once, here: the files may change after they were loaded.
        fingerprints = plan.fingerprints
        if not joins and (directory.root / RUN_FILE).exists():
            check_same_run(directory, spec, fingerprints=fingerprints)
            remove_parts(directory.root)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return plan


def _new_output(name: str) -> Path:
    """Return a folder under ``runs`` that does not exist yet."""
    candidate, number = Path("runs") / name, 2
    while candidate.exists():
        candidate, number = Path("runs") / f"{name}-{number}", number + 1
    return candidate


def _held_directory(
    output: Path | None, name: str, *, resume: bool, wait_s: float
) -> tuple[RunDirectory, FolderLock]:
    """Open and lock the run directory; an existing run can only be resumed."""
    if resume and output is None:
        raise ConfigError(
            "--resume was given without a folder; name the run to resume with --output"
        )
    root = output or _new_output(name)
    if not resume:
        _refuse_a_run(root)
    directory = RunDirectory.create(root)
    lock = FolderLock(directory.root, wait_s=wait_s)
    if not resume:
        # Another process may have started one since.
        _refuse_a_run(root)
    return directory, lock


def _refuse_a_run(root: Path) -> None:
    """Raise if a folder holds a run."""
    if not missing(root / RUN_FILE):
        raise RunDirectoryError(
            f"{root} already holds a run; add --resume to resume it, or choose another --output"
        )


def write_run_file(plan: Plan, *, status: str, environment: dict[str, Any]) -> None:
    """Write or update `run.json`."""
    model = plan.potential
    content = {
        "schema_version": RUN_SCHEMA_VERSION,
        "request": plan.request.record(),
        "spec": plan.spec.record(),
        "model": {
            "spec": model.spec,
            "name": model.name,
            "sha256": model.sha256,
            "n_parameters": model.n_parameters,
        },
        "not_asked": plan.not_asked,
        "fingerprints": plan.fingerprints,
        "systems": list(plan.molecules),
    }
    update_run_file(plan.directory.root, content, status=status, environment=environment)
