"""Benchmarks of several models and backends on several systems and platforms."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import torch

from openmm_mlff.benchmark.blocks import protocol_dynamics
from openmm_mlff.benchmark.document import Findings, benchmark_json
from openmm_mlff.benchmark.one_system import Request, measure_system
from openmm_mlff.benchmark.plan import (
    PROTOCOL,
    BenchmarkPlan,
    refuse_repeats,
    resolve_backends,
    resolve_models,
)
from openmm_mlff.benchmark.variants import load_variants, usable_variants
from openmm_mlff.config import AUTO_PLATFORM
from openmm_mlff.isolation.cores import usable_cores
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.report.benchmark_plots import write_benchmark_figures
from openmm_mlff.report.benchmark_tables import benchmark_markdown
from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.environment import describe_environment
from openmm_mlff.storage.files import write_text
from openmm_mlff.units import MEBIBYTE

Progress = Callable[[int, int, str], None]
"""Called with the completed parts, their total, and the last part."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENMM_CPU_THREADS")


def run_benchmark(
    specs: Sequence[str],
    systems: Sequence[str],
    *,
    backends: Sequence[str] | None = None,
    platforms: Sequence[str] = (AUTO_PLATFORM,),
    precision: str = "mixed",
    plan: BenchmarkPlan | None = None,
    reference_model: str | None = None,
    on_progress: Progress = lambda done, total, label: None,
    on_system: Callable[[dict[str, Any]], None] = lambda benchmark: None,
) -> dict[str, Any]:
    """Measure time and memory of several models on each system, and return `benchmark.json`.

    Args:
        specs: of the models.
        systems: names in the library, or structure files.
        backends: for models with a choice; None for all that need no compiler.
        platforms: ``auto`` or OpenMM platforms; on each, all models of a system run in turn.
        precision: ``single``, ``mixed`` or ``double``.
        plan: extent of the measurement; None for the default.
        reference_model: see :func:`openmm_mlff.benchmark.plan.resolve_models`.
        on_progress: called when all input is checked, and after each part.
        on_system: called with all results so far after each system, so that a crash loses none.

    Raises:
        UserError: an unusable model, system, platform or precision; before the first call of
            `on_progress`, unless the platform exists but cannot run a system.
        SimulationError: coordinates are not finite, or a process failed.
    """
    plan = plan or BenchmarkPlan()
    specs, reference = resolve_models(specs, reference_model=reference_model)
    chosen = resolve_backends(backends)
    refuse_repeats(platforms, what="platform")
    molecules = [molecule for system in systems for molecule in load_systems(system)]
    refuse_repeats([molecule.name for molecule in molecules], what="system")
    models = {spec: load_variants(spec, backends=chosen) for spec in specs}
    asked = Request(models, reference, precision, plan)
    _check(asked, molecules, platforms=platforms)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    jobs = list(itertools.product(molecules, platforms))
    total = len(jobs) * (sum(map(len, models.values())) + plan.blocks)
    count = itertools.count()
    findings = Findings()
    try:
        environment = describe_machine(platform=", ".join(platforms), precision=precision)
        method = _method(asked, molecules)
        on_progress(next(count), total, "starting")
        for molecule, platform in jobs:
            findings.add(
                measure_system(
                    asked,
                    molecule,
                    platform=platform,
                    tick=lambda label: on_progress(next(count), total, label),
                )
            )
            on_system(benchmark_json(findings, environment=environment, method=method))
    finally:
        torch.set_num_threads(threads_before)
    return benchmark_json(findings, environment=environment, method=method)


def write_page(benchmark: Mapping[str, Any], *, folder: Path) -> None:
    """Write the figures of a benchmark and its page, `benchmark.md`."""
    figures = write_benchmark_figures(benchmark, folder=folder)
    page = benchmark_markdown(benchmark, figures=figures, folder=folder)
    write_text(folder / "benchmark.md", page)


def _check(
    asked: Request, molecules: Sequence[MolecularSystem], *, platforms: Sequence[str]
) -> None:
    """Raise on invalid input before anything is measured."""
    for platform in platforms:
        # With "auto", only the precision can be invalid.
        name = "Reference" if platform.lower() == AUTO_PLATFORM else platform
        named_platform(name, precision=asked.precision)
    for molecule, variants in itertools.product(molecules, asked.models.values()):
        usable_variants(variants, molecule)


def describe_machine(*, platform: str, precision: str) -> dict[str, Any]:
    """Return versions, hardware and torch threads of this machine as JSON-compatible data.

    Call it before a benchmark starts, so that the load is not its own.
    """
    return {
        **describe_environment(precision=precision),
        "platform": platform,
        "started_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "load_average_at_start": [round(load, 2) for load in psutil.getloadavg()],
        "usable_cores": usable_cores(),
        "memory_mebibytes": round(psutil.virtual_memory().total / MEBIBYTE),
        "cuda": torch.version.cuda if torch.cuda.is_available() else None,
        "thread_variables": {
            name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ
        },
    }


def _method(asked: Request, molecules: Sequence[MolecularSystem]) -> dict[str, Any]:
    """Return method and subject of the benchmark, so that an unfinished file is recognised."""
    plan, dynamics = asked.plan, protocol_dynamics()
    copied = ("block_seconds", "timestep_fs", "temperature_kelvin", "seed", "memory_steps")
    return {
        "models": list(asked.models),
        "backends": {
            spec: [one.backend for one in variants] for spec, variants in asked.models.items()
        },
        "systems": [molecule.name for molecule in molecules],
        "reference_model": asked.reference,
        "rounds": plan.blocks,
        **{name: getattr(plan, name) for name in copied},
        "threads": plan.threads,
        "replicas": list(plan.replicas),
        "openmm_integrator": "VerletIntegrator",
        "ase_integrator": "VelocityVerlet",
        "reporters": f"energies every {dynamics.energy_interval_steps} and frames every "
        f"{dynamics.frame_interval_steps} steps, as the {PROTOCOL} protocol writes them",
        "timing": "wall time; after a warm-up, every model runs one block of each kind per round, "
        "always from the same initial state; median and quartiles over the rounds; in rows, the "
        "95 % interval of the median from order statistics",
        "speedup": "time per OpenMM step of the reference model, with the same backend where "
        "available, divided by that of the model, within each round; median and quartiles over "
        "the rounds",
        "ratios": "computed within each round; median and its 95 % interval over the rounds",
        "memory": "peak of a fresh process that runs the model with OpenMM",
        "first_call": "in that process, from loaded weights to a warm Context: export, "
        "compilation without a cache, first calls",
    }
