"""Run the stages of a validation on one potential in a temporary folder."""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from openmm_mlff.checks.registry import get_check, select
from openmm_mlff.config import BoxSpec, Protocol, load_protocol
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.pipeline.judge import judge_run
from openmm_mlff.pipeline.preparing import Plan, write_run_file
from openmm_mlff.pipeline.stages import produce
from openmm_mlff.potentials.base import Potential
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import MOST_SEVERE_FIRST, CheckResult, Status, ValidationReport
from openmm_mlff.selftest.faults import Fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.simulation.environment import one_torch_thread
from openmm_mlff.storage.run_directory import RunDirectory

PROTOCOL_FILE = Path(__file__).with_name("selftest.toml")
NO_REFERENCE = "the self-test uses no reference"
PLATFORM = "Reference"
PRECISION: Final = "double"
SEED = 1

NETWORK_DYNAMICS = {"equilibration_ps": 0.05, "duration_ps": 0.15, "longest_ps": 0.15}
SHORT_DYNAMICS = {"equilibration_ps": 0.1, "duration_ps": 0.1, "longest_ps": 0.1}
FEW_FRAMES = {
    "sampling_ps": 0.1,
    "thermostats_ps": 0.1,
    "ensemble_ps": 0.02,
    "ensemble_runs": 2,
}
NETWORK_PROBES = {
    "sampling_ps": 0.4,
    "scan_end_angstrom": 8.0,
    "convergence_ps": 0.03,
    "reversal_steps": 50,
    "thermostats_ps": 0.4,
    "ensemble_ps": 0.02,
    "ensemble_runs": 2,
}
NETWORK_WITHOUT = ("kinetic_distribution", "vibrational_density")
"""Omitted for networks: thousands of steps."""

BOX_REQUIRED = ("periodic_consistency", "npt_stability")
BOXES = {
    "argon": (
        {"temperatures_kelvin": (94.4,), "equilibration_timestep_fs": 10.0},
        BoxSpec(interval_steps=5, equilibration_ps=2.0, production_ps=8.0),
    ),
    # Its water does not attract itself: the pressure keeps it liquid.
    "field": (
        {"temperatures_kelvin": (300.0,), "equilibration_timestep_fs": 0.5},
        BoxSpec(interval_steps=5, equilibration_ps=0.1, production_ps=0.2, pressure_bar=20_000.0),
    ),
}
"""Dynamics and boxes of the oracles in boxes."""

TIMED = "slow_down"
"""The check that measures time; on a shared machine its findings are confirmed by repetition."""
ATTEMPTS = 3

ALARMS = (Status.FAIL, Status.ERROR)


@dataclass(frozen=True)
class Finding:
    """Most severe result of one check over all systems and conditions."""

    status: Status
    message: str

    @property
    def is_alarm(self) -> bool:
        """Whether the check reports a fault."""
        return self.status in ALARMS


Findings = dict[str, Finding]
"""By id of the check."""


def selftest_protocol() -> Protocol:
    """Load the self-test's protocol: all of parity, surface and dynamics, with small samples."""
    return load_protocol(str(PROTOCOL_FILE))


def protocol_for(kind: str) -> Protocol:
    """Return the self-test's protocol for a kind of oracle.

    Runs are shorter for a network, whose steps take twenty times as long; boxes have their own
    checks.
    """
    protocol = selftest_protocol()
    if kind in BOXES:
        own, box = BOXES[kind]
        dynamics = SHORT_DYNAMICS | own | {"friction_per_ps": 2.0}
        return _changed(protocol, dynamics, FEW_FRAMES, required=BOX_REQUIRED, reported=(), box=box)
    if kind == "network":
        required = tuple(check for check in protocol.required if check not in NETWORK_WITHOUT)
        return _changed(protocol, NETWORK_DYNAMICS, NETWORK_PROBES, required=required)
    return protocol


def with_check(protocol: Protocol, check_id: str) -> Protocol:
    """Reduce a protocol to one check, with short trajectories if it needs only frames."""
    short = get_check(check_id).group in ("parity", "surface")
    dynamics, probes = (SHORT_DYNAMICS, FEW_FRAMES) if short else ({}, {})
    return _changed(protocol, dynamics, probes, required=(check_id,), reported=())


def _changed(
    protocol: Protocol, dynamics: Mapping[str, Any], probes: Mapping[str, Any], **others: Any
) -> Protocol:
    """Return a protocol with other dynamics, probes and fields."""
    parts = {
        "dynamics": protocol.dynamics.model_copy(update=dynamics),
        "probes": protocol.probes.model_copy(update=probes),
    }
    return protocol.model_copy(update=parts | others)


def examine(
    potential: Potential, molecule: MolecularSystem, *, protocol: Protocol, sound: Potential
) -> Findings:
    """Run and judge a potential in a temporary folder, with the reference `sound`."""
    with tempfile.TemporaryDirectory(prefix="openmm-mlff-selftest-") as folder, compiled_quickly():
        report = validate_with(
            potential, molecule, protocol=protocol, root=Path(folder) / "run", reference=sound
        )
    return most_severe(report.checks)


def validate_with(
    potential: Potential,
    molecule: MolecularSystem,
    *,
    protocol: Protocol,
    root: Path,
    reference: Potential | None = None,
    platform: str = PLATFORM,
    precision: str = PRECISION,
    seed: int = SEED,
) -> ValidationReport:
    """Run and judge a loaded potential in this process; the report is not written.

    Measurements stored in the run folder ``root`` are not repeated.
    """
    spec = ResolvedRequest(
        potential=potential.spec,
        systems=(molecule.name,),
        protocol=protocol,
        reference=reference.spec if reference else None,
        platform=platform,
        precision=cast("Any", precision),
        seed=seed,
    )
    no_reference = {} if reference else {molecule.name: NO_REFERENCE}
    plan = Plan(
        request=spec,
        spec=spec,
        potential=potential,
        molecules={molecule.name: molecule},
        reference=reference,
        no_reference=no_reference,
        checks=select(protocol),
        directory=RunDirectory.create(root),
        not_asked=no_reference,
    )
    write_run_file(plan, status="running", environment={})
    with one_torch_thread():
        produce(plan, molecule, on_progress=lambda *_: None)
    write_run_file(plan, status="complete", environment={})
    report, _ = judge_run(plan.directory)
    return report


@contextmanager
def compiled_quickly() -> Iterator[None]:
    """Disable fusion by TorchScript within a block.

    Fusion takes 0.5 s in each new Context, much longer than the few steps that follow.
    """
    import torch

    before = torch.jit.set_fusion_strategy([])
    try:
        yield
    finally:
        torch.jit.set_fusion_strategy(before)


def most_severe(results: Sequence[CheckResult]) -> Findings:
    """Return the most severe result of each check, in the order of the results."""
    findings: Findings = {}
    for result in results:
        known = findings.setdefault(result.id, Finding(result.status, result.message))
        if MOST_SEVERE_FIRST.index(result.status) < MOST_SEVERE_FIRST.index(known.status):
            findings[result.id] = Finding(result.status, result.message)
    return findings


def examine_healthy(kind: str, *, system: str, seed: int) -> Findings:
    """Run every check on a healthy potential.

    An alarm of the timing check only counts if it is reproduced: another process on the same core
    slows a run as a fault would, but not three runs in a row.
    """
    molecule = load_system(system)
    potential = healthy(kind, molecule=molecule, seed=seed)
    protocol = protocol_for(kind)

    def run(protocol: Protocol) -> Findings:
        return examine(potential, molecule, protocol=protocol, sound=potential)

    return repeat_timed(
        run(protocol), doubtful=ALARMS, repeat=lambda: run(with_check(protocol, TIMED))
    )


def repeat_timed(
    found: Findings, *, doubtful: Collection[Status], repeat: Callable[[], Findings]
) -> Findings:
    """Repeat the timing check while its status is doubtful, up to :data:`ATTEMPTS` runs."""
    for _ in range(ATTEMPTS - 1):
        if TIMED not in found or found[TIMED].status not in doubtful:
            break
        found = {**found, TIMED: repeat()[TIMED]}
    return found


def examine_fault(fault: Fault, *, strength: float, protocol: Protocol | None = None) -> Findings:
    """Plant a fault into the healthy potential of seed 0 and run the checks.

    `strength` is in the fault's unit; `protocol` defaults to the self-test's for the potential.
    """
    molecule = load_system(fault.system)
    sound = healthy(fault.parent, molecule=molecule, seed=0)
    faulty = fault.plant(sound, strength)
    protocol = protocol or protocol_for(fault.parent)

    def run(protocol: Protocol) -> Findings:
        return examine(faulty, molecule, protocol=protocol, sound=sound)

    doubtful = (Status.INCONCLUSIVE,) if fault.check == TIMED else ()
    return repeat_timed(
        run(protocol), doubtful=doubtful, repeat=lambda: run(with_check(protocol, TIMED))
    )
