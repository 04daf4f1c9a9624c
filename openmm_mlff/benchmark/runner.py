"""Benchmarks of several models and backends on several systems and platforms."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from openmm_mlff.benchmark.document import Findings, benchmark_json
from openmm_mlff.benchmark.environment import describe_machine
from openmm_mlff.benchmark.one_system import measure_system
from openmm_mlff.benchmark.plan import (
    PROTOCOL,
    BenchmarkPlan,
    refuse_repeats,
    resolve_backends,
    resolve_models,
    resolve_peers,
)
from openmm_mlff.benchmark.reporting import protocol_dynamics
from openmm_mlff.benchmark.variants import Variant, load_variants, usable_variants
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.platforms import AUTO

Progress = Callable[[int, int, str], None]
"""Called with the completed parts, their total, and the last part."""


def run_benchmark(
    specs: Sequence[str],
    systems: Sequence[str],
    *,
    backends: Sequence[str] | None = None,
    platforms: Sequence[str] = (AUTO,),
    peers: Sequence[str] | None = None,
    precision: str = "mixed",
    plan: BenchmarkPlan | None = None,
    reference_model: str | None = None,
    on_progress: Progress | None = None,
    on_system: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Measure time and memory of several models on each system, and return `benchmark.json`.

    Args:
        specs: of the models.
        systems: names in the library, or structure files.
        backends: for models with a choice; None for all that need no compiler.
        platforms: ``auto`` or OpenMM platforms; on each, all models of a system run in turn.
        peers: see :func:`openmm_mlff.benchmark.plan.resolve_peers`.
        precision: ``single``, ``mixed`` or ``double``.
        plan: extent of the measurement; None for the default.
        reference_model: see :func:`openmm_mlff.benchmark.plan.resolve_models`.
        on_progress: called when all input is validated, and after each part.
        on_system: called with all results so far after each system, so that a crash loses none.

    Raises:
        UserError: an unusable model, system, platform or precision; before the first call of
            `on_progress`, unless the platform exists but cannot run a system.
        SimulationError: coordinates are not finite, or a process failed.
    """
    plan = plan or BenchmarkPlan()
    specs, reference = resolve_models(tuple(specs), reference_model=reference_model)
    chosen = resolve_backends(None if backends is None else tuple(backends))
    beside = resolve_peers(None if peers is None else tuple(peers))
    refuse_repeats(tuple(platforms), what="platform")
    molecules = _load_molecules(systems)
    models = {spec: load_variants(spec, backends=chosen) for spec in specs}
    _check(models, molecules, platforms=platforms, precision=precision)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(plan.threads or threads_before)
    findings = Findings()
    try:
        environment = describe_machine(platform=", ".join(platforms), precision=precision)
        method = _method(plan, models, molecules, reference=reference, peers=beside)
        prepared = sum(len(variants) for variants in models.values())
        jobs = [(molecule, platform) for molecule in molecules for platform in platforms]
        tick = _counter(on_progress, total=len(jobs) * (prepared + plan.blocks))
        for molecule, platform in jobs:
            found = measure_system(
                models,
                molecule,
                reference=reference,
                request=platform,
                precision=precision,
                peers=beside,
                plan=plan,
                tick=tick,
            )
            findings.add(found)
            if on_system is not None:
                on_system(benchmark_json(findings, environment=environment, method=method))
    finally:
        torch.set_num_threads(threads_before)
    return benchmark_json(findings, environment=environment, method=method)


def _check(
    models: Mapping[str, Sequence[Variant]],
    molecules: Sequence[MolecularSystem],
    *,
    platforms: Sequence[str],
    precision: str,
) -> None:
    """Raise on invalid input before anything is measured."""
    for platform in platforms:
        # With "auto", only the precision can be invalid.
        named_platform("Reference" if platform.lower() == AUTO else platform, precision=precision)
    for molecule in molecules:
        for variants in models.values():
            usable_variants(variants, molecule)


def _load_molecules(systems: Sequence[str]) -> list[MolecularSystem]:
    molecules = [molecule for system in systems for molecule in load_systems(system)]
    refuse_repeats(tuple(molecule.name for molecule in molecules), what="system")
    return molecules


def _counter(on_progress: Progress | None, *, total: int) -> Callable[[str], None]:
    """Return a function that counts parts and reports them, starting from zero."""
    done = -1

    def tick(label: str) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total, label)

    tick("starting")
    return tick


def _method(
    plan: BenchmarkPlan,
    models: Mapping[str, Sequence[Variant]],
    molecules: Sequence[MolecularSystem],
    *,
    reference: str,
    peers: Sequence[str],
) -> dict[str, Any]:
    """Return method and subject of the benchmark, so that an unfinished file is recognised."""
    dynamics = protocol_dynamics()
    return {
        "models": list(models),
        "backends": {spec: [one.backend for one in variants] for spec, variants in models.items()},
        "peers": list(peers),
        "systems": [molecule.name for molecule in molecules],
        "reference_model": reference,
        "rounds": plan.blocks,
        "block_seconds": plan.block_seconds,
        "timestep_fs": plan.timestep_fs,
        "temperature_kelvin": plan.temperature_kelvin,
        "seed": plan.seed,
        "memory_steps": plan.memory_steps,
        "replicas": list(plan.replicas),
        "openmm_integrator": "VerletIntegrator",
        "ase_integrator": "VelocityVerlet",
        "threads": plan.threads or "chosen by measurement on each system",
        "reporters": f"energies every {dynamics.energy_interval_steps} and frames every "
        f"{dynamics.frame_interval_steps} steps, as the {PROTOCOL} protocol writes them",
        "timing": "wall time; after a warm-up, in each round everyone runs one block of each kind "
        "from the same start; median and quartiles over the rounds; in rows, the 95 % interval of "
        "the median from order statistics",
        "speedup": "time of an OpenMM step of the reference model, by the same backend where it "
        "has it, over that of the model, within each round; median and quartiles over the rounds",
        "ratios": "taken within each round; median and its 95 % interval over the rounds",
        "memory": "peak of a fresh process that runs the model through OpenMM",
        "first_call": "in that process, from loaded weights to a warm Context: export, "
        "compilation without a cache, first calls",
    }
