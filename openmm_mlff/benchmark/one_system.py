"""All models on one system and platform: prepare, run the rounds, create the entries."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import openmm

from openmm_mlff.benchmark.blocks import Setting, Start, relaxed_start
from openmm_mlff.benchmark.candidates import Candidate, choose_common_platform, prepare_candidate
from openmm_mlff.benchmark.comparison import entries_of, replica_entries
from openmm_mlff.benchmark.document import Findings
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.replicas import prepare_replicas
from openmm_mlff.benchmark.rounds import naming, run_rounds
from openmm_mlff.benchmark.variants import Variant, usable_variants
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem

Tick = Callable[[str], None]
"""Called with a label after each part."""


@dataclass(frozen=True)
class Request:
    """What is measured on every system.

    Attributes:
        models: variants by spec.
        reference: spec of the model that the others are compared with.
    """

    models: Mapping[str, Sequence[Variant]]
    reference: str
    precision: str
    plan: BenchmarkPlan


def measure_system(
    asked: Request, molecule: MolecularSystem, *, platform: str, tick: Tick
) -> Findings:
    """Measure all models on one molecule and one platform, ``auto`` or a name.

    Raises:
        PlatformError: the platform cannot run one of the models.
        PotentialError: the reference model cannot run it by any backend.
        SimulationError: coordinates are not finite, or a process failed.
    """
    findings = Findings()
    systems: dict[Variant, openmm.System] = {}
    for variants in asked.models.values():
        usable, skipped = usable_variants(variants, molecule)
        findings.skipped += skipped
        for one in usable:
            systems[one] = one.potential.create_system(molecule, precision=asked.precision)
    choice = choose_common_platform(
        next(system for one, system in systems.items() if one.spec == asked.reference),
        systems.values(),
        molecule,
        request=platform,
        precision=asked.precision,
        threads=asked.plan.threads,
    )
    setting = Setting(molecule, choice, asked.plan, asked.precision)
    with tempfile.TemporaryDirectory(prefix="openmm-mlff-") as scratch:
        candidates, starts = _prepare(systems, setting, findings, Path(scratch), tick)
        if all(one.variant.spec != asked.reference for one in candidates.values()):
            reasons = [one.reason for one in findings.skipped if one.model == asked.reference]
            raise PotentialError(reasons[-1])
        replicas, unbatched = prepare_replicas(candidates, starts, setting)
        participants = {label: one.participant for label, one in candidates.items()}
        times = run_rounds(
            participants | {one.name: one.participant for one in replicas},
            rounds=asked.plan.blocks,
            on_round=lambda: tick(f"{molecule.name}: timing"),
        )
    findings.entries += entries_of(candidates, times, setting, reference=asked.reference)
    findings.replicas += replica_entries(replicas, candidates, times, setting)
    findings.skipped += unbatched
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
                findings.skipped.append(variant.skipped(setting.molecule, str(error)))
        tick(f"{setting.molecule.name}: {variant.label} prepared")
    return candidates, starts
