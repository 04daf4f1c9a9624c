"""Steps of many replicas of a molecule in one Context, timed together with single ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openmm_mlff.benchmark.blocks import Start, replica_block
from openmm_mlff.benchmark.candidates import Candidate, warm_steps
from openmm_mlff.benchmark.comparing import Setting
from openmm_mlff.benchmark.entries import ReplicaEntry
from openmm_mlff.benchmark.rounds import Participant, Times
from openmm_mlff.benchmark.statistics import per_replica, ratio
from openmm_mlff.benchmark.variants import Skipped
from openmm_mlff.simulation.replicas import can_be_batched, replica_system
from openmm_mlff.units import ns_per_day

KIND = "replicas"


@dataclass(frozen=True)
class ReplicaBlock:
    """A model that steps several replicas."""

    label: str
    count: int
    participant: Participant

    @property
    def name(self) -> str:
        """Key of its times."""
        return f"{self.label}, {self.count} replicas"


def prepare_replicas(
    candidates: Mapping[str, Candidate],
    starts: Mapping[str, Start],
    setting: Setting,
    *,
    counts: Sequence[int],
) -> tuple[list[ReplicaBlock], list[Skipped]]:
    """Prepare blocks for each model and count; all replicas have the same initial state.

    ``candidates`` are keyed by label, ``starts`` by spec.

    Returns:
        The blocks, and the reason for each omitted model.
    """
    ready: list[ReplicaBlock] = []
    left_out: list[Skipped] = []
    for label, one in candidates.items() if counts else ():
        potential, backend = one.variant.potential, one.variant.backend
        if not can_be_batched(potential, setting.molecule):
            reason = "replicas: not run as one batch, so that they gain nothing"
            left_out.append(Skipped(potential.spec, backend, setting.molecule.name, reason))
            continue
        for count in counts:
            block = replica_block(
                replica_system(potential, setting.molecule, count, precision=setting.precision),
                setting.molecule,
                count=count,
                platform=setting.platform,
                start=starts[potential.spec],
                timestep_fs=setting.plan.timestep_fs,
            )
            steps = {KIND: warm_steps(block, plan=setting.plan)}
            participant = Participant(potential.spec, {KIND: block}, steps)
            ready.append(ReplicaBlock(label, count, participant))
    return ready, left_out


def replica_entries(
    ready: Sequence[ReplicaBlock],
    candidates: Mapping[str, Candidate],
    times: Times,
    setting: Setting,
) -> Iterator[ReplicaEntry]:
    """Yield one entry for each model and count of :func:`prepare_replicas` from the times."""
    for one in ready:
        candidate = candidates[one.label]
        step = times[one.name][KIND]
        each = per_replica(step, one.count)
        yield ReplicaEntry(
            model=candidate.variant.potential.spec,
            backend=candidate.variant.backend,
            system=setting.molecule.name,
            n_atoms=setting.molecule.n_atoms,
            platform=setting.platform.name,
            precision=candidate.precision,
            threads=setting.threads,
            replicas=one.count,
            ms_per_step=step,
            ms_per_replica_step=each,
            ns_per_day=ns_per_day(each.median, timestep_fs=setting.plan.timestep_fs),
            gain=ratio(times[one.label]["openmm"], each),
        )
