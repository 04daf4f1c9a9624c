"""Convert the times of one system to entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.entries import BenchmarkEntry, Timing
from openmm_mlff.benchmark.peers import CALL, Peer
from openmm_mlff.benchmark.plan import PLAIN, BenchmarkPlan
from openmm_mlff.benchmark.ratios import entry_ratios
from openmm_mlff.benchmark.rounds import Times
from openmm_mlff.benchmark.statistics import speedup
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation import PlatformChoice
from openmm_mlff.units import ns_per_day


@dataclass(frozen=True)
class Setting:
    """Settings shared by all models on one system.

    Attributes:
        threads: of torch and of the CPU platform.
        reference: spec of the model that the others are compared with.
    """

    molecule: MolecularSystem
    platform: PlatformChoice
    threads: int
    precision: str
    reference: str
    plan: BenchmarkPlan


def entries_of(
    candidates: Mapping[str, Candidate], times: Times, setting: Setting, *, peers: Sequence[Peer]
) -> list[BenchmarkEntry]:
    """Return one entry per candidate from the times of all blocks.

    The first peer that is not an MD engine is the teacher.
    """
    steps: dict[str, dict[str, Timing]] = {}
    for label, one in candidates.items():
        spec, backend = one.variant.potential.spec, one.variant.backend
        steps.setdefault(spec, {})[backend] = times[label]["openmm"]
    ase = {
        candidates[label].variant.potential.spec: by_kind["ase"]
        for label, by_kind in times.items()
        if "ase" in by_kind
    }
    teacher = next((times[one.name]["peer"] for one in peers if one.call == CALL), None)
    return [
        _entry(one, times[label], steps, setting, ase=ase, teacher=teacher)
        for label, one in candidates.items()
    ]


def _entry(
    candidate: Candidate,
    times: Mapping[str, Timing],
    steps: Mapping[str, Mapping[str, Timing]],
    setting: Setting,
    *,
    ase: Mapping[str, Timing],
    teacher: Timing | None,
) -> BenchmarkEntry:
    potential, backend = candidate.variant.potential, candidate.variant.backend
    own, reference = steps[potential.spec], steps[setting.reference]
    memory, molecule = candidate.memory, setting.molecule
    return BenchmarkEntry(
        model=potential.spec,
        backend=backend,
        sha256=potential.sha256,
        n_parameters=potential.n_parameters,
        system=molecule.name,
        n_atoms=molecule.n_atoms,
        platform=setting.platform.name,
        precision=candidate.precision,
        torch_device=candidate.device,
        threads=setting.threads,
        threads_chosen=setting.plan.threads is None,
        steps_per_block=candidate.steps,
        openmm_ms_per_step=times["openmm"],
        reporters_ms_per_step=times["reporters"],
        ase_ms_per_step=ase[potential.spec],
        model_ms_per_call=times["model"],
        model_call=candidate.model_call,
        ns_per_day=ns_per_day(times["openmm"].median, timestep_fs=setting.plan.timestep_fs),
        peak_resident_mebibytes=memory.peak_resident_mebibytes,
        baseline_resident_mebibytes=memory.baseline_resident_mebibytes,
        peak_device_mebibytes=memory.device_mebibytes,
        first_call_s=memory.first_call_s,
        speedup_over_original=speedup(
            reference.get(backend) or next(iter(reference.values())), times["openmm"]
        ),
        ratios=entry_ratios(times, plain=own.get(PLAIN), teacher=teacher),
        fastest=times["openmm"].median == min(timing.median for timing in own.values()),
    )
