"""Steps of many replicas of a molecule in one Context, timed in turn with single ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from openmm_mlff.benchmark.blocks import Setting, Start, openmm_block
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.entries import Skipped
from openmm_mlff.benchmark.rounds import Participant, warmed_up
from openmm_mlff.potentials import Potential
from openmm_mlff.simulation.replicas import can_be_batched, make_copies

KIND = "replicas"


@dataclass(frozen=True)
class Replicas:
    """Several replicas, stepped by the candidate of a label."""

    label: str
    count: int
    participant: Participant

    @property
    def name(self) -> str:
        """Key of its times."""
        return f"{self.label}, {self.count} replicas"


def replica_participant(
    potential: Potential, setting: Setting, start: Start, *, count: int
) -> Participant:
    """Return a number of replicas in one Context, warmed up."""
    system = make_copies(potential, setting.molecule, count, precision=setting.precision).system
    block = openmm_block(system, setting, start, replicas=count)
    return warmed_up(potential.spec, {KIND: block}, plan=setting.plan)


def prepare_replicas(
    candidates: Mapping[str, Candidate], starts: Mapping[str, Start], setting: Setting
) -> tuple[list[Replicas], list[Skipped]]:
    """Prepare each model with each number of replicas of the plan.

    ``candidates`` are keyed by label, ``starts`` by spec.

    Returns:
        The prepared replicas, and the reason for each omitted model.
    """
    ready: list[Replicas] = []
    left_out: list[Skipped] = []
    for label, one in candidates.items() if setting.plan.replicas else ():
        potential = one.variant.potential
        if not can_be_batched(potential, setting.molecule):
            reason = "replicas: they cannot run as one batch, so there is no speedup to measure"
            left_out.append(one.variant.skipped(setting.molecule, reason))
            continue
        start = starts[potential.spec]
        for count in setting.plan.replicas:
            participant = replica_participant(potential, setting, start, count=count)
            ready.append(Replicas(label, count, participant))
    return ready, left_out
