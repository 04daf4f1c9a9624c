"""All models on one system and platform: prepare, run the rounds, create the entries."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import openmm
import torch

from openmm_mlff.benchmark.blocks import Setting, Start, openmm_block, relaxed_start
from openmm_mlff.benchmark.candidates import Candidate, choose_common_platform, prepare_candidate
from openmm_mlff.benchmark.comparison import entries_of
from openmm_mlff.benchmark.document import Findings
from openmm_mlff.benchmark.peers import KIND, prepare_peer
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.profiling import step_profile
from openmm_mlff.benchmark.replicas import prepare_replicas, replica_entries
from openmm_mlff.benchmark.rounds import naming, run_rounds, warmed_up
from openmm_mlff.benchmark.threads import fastest_threads, with_threads
from openmm_mlff.benchmark.variants import Variant, usable_variants
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import bare_system

BARE = "OpenMM without forces"

Tick = Callable[[str], None]
"""Called with a label after each part."""


@dataclass(frozen=True)
class Request:
    """What is measured on every system.

    Attributes:
        models: variants by spec.
        reference: spec of the model that the others are compared with.
        peers: specs of ASE calculators; the first one measured is the teacher.
    """

    models: Mapping[str, Sequence[Variant]]
    reference: str
    peers: Sequence[str]
    precision: str
    plan: BenchmarkPlan


def measure_system(
    asked: Request, molecule: MolecularSystem, *, platform: str, tick: Tick
) -> Findings:
    """Measure all models on one molecule and one platform, ``auto`` or a name.

    Raises:
        PlatformError: the platform cannot run one of the models.
        SimulationError: coordinates are not finite, or a process failed.
    """
    findings = Findings()
    systems: dict[Variant, openmm.System] = {}
    for variants in asked.models.values():
        usable, skipped = usable_variants(variants, molecule)
        findings.skipped += skipped
        for one in usable:
            systems[one] = one.potential.create_system(molecule, precision=asked.precision)
    first = next(system for one, system in systems.items() if one.spec == asked.reference)
    choice = choose_common_platform(
        first, systems.values(), molecule, request=platform, precision=asked.precision
    )
    setting = Setting(molecule, choice, asked.plan, asked.precision, reference=asked.reference)
    setting = with_threads(setting, asked.plan.threads or fastest_threads(first, setting))
    torch.set_num_threads(setting.threads)
    with tempfile.TemporaryDirectory(prefix="openmm-mlff-") as scratch:
        candidates, starts = _prepare(systems, setting, findings, Path(scratch), tick)
        _measure(candidates, starts, setting, findings, peers=asked.peers, tick=tick)
    return findings


def _prepare(
    systems: Mapping[Variant, openmm.System],
    setting: Setting,
    findings: Findings,
    scratch: Path,
    tick: Tick,
) -> tuple[dict[str, Candidate], dict[str, Start]]:
    """Prepare the variants; all of a model start from the minimum found by its first variant.

    Returns:
        Candidates by label, and initial states by spec.
    """
    candidates: dict[str, Candidate] = {}
    starts: dict[str, Start] = {}
    for number, (variant, system) in enumerate(systems.items()):
        folder = scratch / str(number)
        folder.mkdir()
        with naming(variant.spec):
            if variant.spec not in starts:
                starts[variant.spec] = relaxed_start(system, setting)
            with_ase = all(one.variant.spec != variant.spec for one in candidates.values())
            try:
                candidates[variant.label] = prepare_candidate(
                    variant,
                    system,
                    setting,
                    starts[variant.spec],
                    folder=folder,
                    with_ase=with_ase,
                )
            except PotentialError as error:
                refusal = error
                findings.skipped.append(variant.skipped(setting.molecule, str(error)))
        tick(f"{setting.molecule.name}: {variant.label} prepared")
    if all(one.variant.spec != setting.reference for one in candidates.values()):
        raise refusal
    return candidates, starts


def _measure(
    candidates: Mapping[str, Candidate],
    starts: Mapping[str, Start],
    setting: Setting,
    findings: Findings,
    *,
    peers: Sequence[str],
    tick: Tick,
) -> None:
    """Prepare peers and replicas, run the rounds and add the results to the findings."""
    plan, start = setting.plan, starts[setting.reference]
    beside = [prepare_peer(spec, setting, start) for spec in peers]
    replicas, unbatched = prepare_replicas(candidates, starts, setting)
    participants = {label: one.participant for label, one in candidates.items()}
    participants |= {one.spec: one.participant for one in beside if one.participant}
    participants |= {one.name: one.participant for one in replicas}
    if plan.profile:
        bare = openmm_block(bare_system(setting.molecule), setting, start)
        participants[BARE] = warmed_up(BARE, {"bare": bare}, plan=plan)
    times = run_rounds(
        participants,
        rounds=plan.blocks,
        on_round=lambda: tick(f"{setting.molecule.name}: timing"),
    )
    teacher = next((times[one.spec][KIND] for one in beside if one.participant), None)
    findings.entries += entries_of(candidates, times, setting, teacher=teacher)
    findings.replicas += replica_entries(replicas, candidates, times, setting)
    findings.peers += [one.entry(times, setting) for one in beside]
    findings.skipped += unbatched
    if plan.profile:
        findings.profiles += [
            step_profile(one, times[label], setting, bare=times[BARE]["bare"])
            for label, one in candidates.items()
            if one.is_torch_module
        ]
