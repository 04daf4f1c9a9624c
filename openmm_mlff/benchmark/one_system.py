"""All models on one system and platform: prepare, run the rounds, create the entries."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import openmm
import torch

from openmm_mlff.benchmark.blocks import Start, openmm_block, thermal_start
from openmm_mlff.benchmark.candidates import (
    Candidate,
    choose_common_platform,
    prepare_candidate,
    warm_steps,
)
from openmm_mlff.benchmark.comparing import Setting, entries_of
from openmm_mlff.benchmark.document import Findings
from openmm_mlff.benchmark.entries import PeerEntry
from openmm_mlff.benchmark.model_blocks import ASE_CALL
from openmm_mlff.benchmark.peers import prepare_peers
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.profiling import (
    PROFILED_STEPS,
    StepProfile,
    profile_operators,
    stages_of_step,
)
from openmm_mlff.benchmark.replica_blocks import prepare_replicas, replica_entries
from openmm_mlff.benchmark.rounds import Participant, Times, naming, run_rounds
from openmm_mlff.benchmark.threads import (
    choose_threads,
    step_timer,
    thread_candidates,
    with_threads,
)
from openmm_mlff.benchmark.variants import Skipped, Variant, usable_variants
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import minimise

BARE = "OpenMM without forces"


def measure_system(
    models: Mapping[str, Sequence[Variant]],
    molecule: MolecularSystem,
    *,
    reference: str,
    request: str,
    precision: str,
    peers: Sequence[str],
    plan: BenchmarkPlan,
    tick: Callable[[str], None],
) -> Findings:
    """Measure all models on one molecule and one platform.

    ``models`` are variants by spec; ``reference`` is the spec of the model the others are compared
    with; ``request`` is ``auto`` or a platform; ``tick`` is called after each part.

    Raises:
        PlatformError: the platform cannot run one of the models.
        SimulationError: coordinates are not finite, or a process failed.
    """
    findings = Findings()
    variants: list[Variant] = []
    for of_model in models.values():
        usable, skipped = usable_variants(of_model, molecule)
        variants += usable
        findings.skipped += skipped
    systems = {
        one.label: one.potential.create_system(molecule, precision=precision) for one in variants
    }
    first = next(one.label for one in variants if one.potential.spec == reference)
    choice = choose_common_platform(
        systems, molecule, reference=first, request=request, precision=precision
    )
    timer = step_timer(systems[first], molecule, platform=choice, timestep_fs=plan.timestep_fs)
    threads = plan.threads or choose_threads(thread_candidates(), timer)
    torch.set_num_threads(threads)
    setting = Setting(molecule, with_threads(choice, threads), threads, precision, reference, plan)
    with tempfile.TemporaryDirectory(prefix="openmm-mlff-") as scratch:
        _measure(variants, systems, setting, findings, peers, tick=tick, scratch=Path(scratch))
    return findings


def _measure(
    variants: Sequence[Variant],
    systems: Mapping[str, openmm.System],
    setting: Setting,
    findings: Findings,
    peers: Sequence[str],
    *,
    tick: Callable[[str], None],
    scratch: Path,
) -> None:
    """Prepare all models and peers, run the rounds and add the results to the findings."""
    molecule, plan = setting.molecule, setting.plan
    candidates, starts = _candidates(variants, systems, setting, findings, tick, scratch)
    ready, left_out = prepare_peers(
        peers,
        molecule,
        potentials=list({one.potential.spec: one.potential for one in variants}.values()),
        start=starts[setting.reference],
        precision=setting.precision,
        plan=plan,
    )
    several, unbatched = prepare_replicas(candidates, starts, setting, counts=plan.replicas)
    findings.skipped += unbatched
    participants = {
        label: Participant(one.variant.potential.spec, one.blocks, one.steps)
        for label, one in candidates.items()
    } | {one.name: Participant(one.name, {"peer": one.block}, {"peer": one.steps}) for one in ready}
    participants |= {one.name: one.participant for one in several}
    if plan.profile:
        participants[BARE] = _bare(setting, starts[setting.reference])
    times = run_rounds(
        participants, rounds=plan.blocks, on_round=lambda: tick(f"{molecule.name}: timing")
    )
    findings.entries += entries_of(candidates, times, setting, peers=ready)
    findings.replicas += replica_entries(several, candidates, times, setting)
    findings.peers += [
        PeerEntry(one.name, molecule.name, molecule.n_atoms, one.call, times[one.name]["peer"])
        for one in ready
    ] + left_out
    if plan.profile:
        findings.profiles += _profiles(candidates, times, setting)


def _candidates(
    variants: Sequence[Variant],
    systems: Mapping[str, openmm.System],
    setting: Setting,
    findings: Findings,
    tick: Callable[[str], None],
    scratch: Path,
) -> tuple[dict[str, Candidate], dict[str, Start]]:
    """Prepare the variants; all of a model start from the minimum found by its first variant."""
    candidates: dict[str, Candidate] = {}
    starts: dict[str, Start] = {}
    for number, variant in enumerate(variants):
        spec, system = variant.potential.spec, systems[variant.label]
        folder = scratch / str(number)
        folder.mkdir()
        with naming(spec):
            if spec not in starts:
                starts[spec] = _start(system, setting)
            try:
                candidates[variant.label] = prepare_candidate(
                    variant,
                    system,
                    setting.molecule,
                    platform=setting.platform,
                    start=starts[spec],
                    precision=setting.precision,
                    threads=setting.threads,
                    folder=folder,
                    with_ase=all(one.variant.potential.spec != spec for one in candidates.values()),
                    plan=setting.plan,
                )
            except PotentialError as error:
                refusal = error
                findings.skipped.append(
                    Skipped(spec, variant.backend, setting.molecule.name, str(error))
                )
        tick(f"{setting.molecule.name}: {variant.label} prepared")
    if all(one.variant.potential.spec != setting.reference for one in candidates.values()):
        raise refusal
    return candidates, starts


def _start(system: openmm.System, setting: Setting) -> Start:
    molecule, plan = setting.molecule, setting.plan
    minimum = minimise(system, molecule, platform=setting.platform).positions_angstrom
    return thermal_start(
        molecule,
        positions_angstrom=minimum,
        temperature_kelvin=plan.temperature_kelvin,
        seed=plan.seed,
    )


def _bare(setting: Setting, start: Start) -> Participant:
    """Return OpenMM steps without forces."""
    block = openmm_block(
        bare_system(setting.molecule),
        setting.molecule,
        platform=setting.platform,
        start=start,
        timestep_fs=setting.plan.timestep_fs,
    )
    return Participant(BARE, {"bare": block}, {"bare": warm_steps(block, plan=setting.plan)})


def _profiles(
    candidates: Mapping[str, Candidate], times: Times, setting: Setting
) -> list[StepProfile]:
    """Profile the models that are torch modules, the only ones that torch can profile."""
    found = []
    for label, one in candidates.items():
        if one.model_call == ASE_CALL:
            continue
        calls, operators = profile_operators(one.blocks["model"])
        found.append(
            StepProfile(
                model=one.variant.potential.spec,
                backend=one.variant.backend,
                system=setting.molecule.name,
                platform=setting.platform.name,
                steps=PROFILED_STEPS,
                operator_calls_per_step=calls,
                operators=operators,
                stages=stages_of_step(
                    step=times[label]["openmm"],
                    model=times[label]["model"],
                    bare=times[BARE]["bare"],
                    reporters=times[label]["reporters"],
                ),
            )
        )
    return found
