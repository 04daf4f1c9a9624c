"""Benchmarks of several models on several systems, block by block in turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from openmm_mlff.benchmark.candidates import (
    Candidate,
    choose_common_platform,
    prepare_candidate,
)
from openmm_mlff.benchmark.entries import BenchmarkEntry, Timing, benchmark_json
from openmm_mlff.benchmark.environment import describe_machine
from openmm_mlff.benchmark.plan import BenchmarkPlan, refuse_repeats, resolve_models
from openmm_mlff.benchmark.schedule import KINDS, turns
from openmm_mlff.benchmark.statistics import ns_per_day, speedup, timing
from openmm_mlff.errors import SimulationError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation import PlatformChoice, named_platform
from openmm_mlff.simulation.platforms import AUTO

Progress = Callable[[int, int, str], None]
"""Called with the parts that are done, those there are, and what was done last."""

_MS_PER_S = 1000.0


def run_benchmark(
    specs: Sequence[str],
    systems: Sequence[str],
    *,
    platform: str = "auto",
    precision: str = "mixed",
    plan: BenchmarkPlan | None = None,
    reference_model: str | None = None,
    on_progress: Progress | None = None,
    on_system: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Measure time and memory of several models, side by side on each system.

    Args:
        specs: spec strings of the models.
        systems: names in the library, or structure files.
        platform: ``auto`` or an OpenMM platform; one system has one platform for all models.
        precision: ``single``, ``mixed`` or ``double``.
        plan: how much is measured; the default when left out.
        reference_model: what speedups refer to, see
            :func:`openmm_mlff.benchmark.plan.resolve_models`.
        on_progress: called when all is loaded and fits together, and after each part.
        on_system: given all that was measured so far after each system, so that a later crash
            loses nothing of it.

    Returns:
        What `benchmark.json` holds.

    Raises:
        UserError: a model, system, platform or precision that cannot be used; before the first
            call of `on_progress`, unless it is a platform that is there and cannot run a system.
        SimulationError: a model gave coordinates that are not numbers, or a process failed.
    """
    plan = plan or BenchmarkPlan()
    models, reference = resolve_models(tuple(specs), reference_model=reference_model)
    molecules = _load_molecules(systems)
    potentials = {spec: load_potential(spec) for spec in models}
    _check(potentials, molecules, platform=platform, precision=precision)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    try:
        environment = describe_machine(platform=platform, precision=precision)
        method = _method(plan, models, molecules, reference=reference)
        tick = _counter(on_progress, total=len(molecules) * _parts(len(models), plan))
        entries: list[BenchmarkEntry] = []
        for molecule in molecules:
            entries += _measure_system(
                potentials,
                molecule,
                reference=reference,
                platform=platform,
                precision=precision,
                plan=plan,
                tick=tick,
            )
            if on_system is not None:
                on_system(benchmark_json(entries, environment=environment, method=method))
    finally:
        torch.set_num_threads(threads_before)
    return benchmark_json(entries, environment=environment, method=method)


def _check(
    potentials: Mapping[str, Potential],
    molecules: Sequence[MolecularSystem],
    *,
    platform: str,
    precision: str,
) -> None:
    """Refuse what cannot be run before anything is measured."""
    # Of "auto", only the precision can be wrong.
    named_platform("Reference" if platform.lower() == AUTO else platform, precision=precision)
    for molecule in molecules:
        for potential in potentials.values():
            potential.check_molecule(molecule)


def _load_molecules(systems: Sequence[str]) -> list[MolecularSystem]:
    molecules = [molecule for system in systems for molecule in load_systems(system)]
    refuse_repeats(tuple(molecule.name for molecule in molecules), what="system")
    return molecules


def _parts(n_models: int, plan: BenchmarkPlan) -> int:
    """Count the parts of one system: preparing each model, and its blocks."""
    return n_models * (1 + plan.blocks * len(KINDS))


def _counter(on_progress: Progress | None, *, total: int) -> Callable[[str], None]:
    """Give a function that counts parts and reports them, beginning with none."""
    done = -1

    def tick(label: str) -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total, label)

    tick("starting")
    return tick


def _measure_system(
    potentials: Mapping[str, Potential],
    molecule: MolecularSystem,
    *,
    reference: str,
    platform: str,
    precision: str,
    plan: BenchmarkPlan,
    tick: Callable[[str], None],
) -> list[BenchmarkEntry]:
    """Measure all models on one molecule."""
    systems = {
        spec: potential.create_system(molecule, precision=precision)
        for spec, potential in potentials.items()
    }
    choice = choose_common_platform(
        systems, molecule, reference=reference, request=platform, precision=precision, plan=plan
    )
    candidates: dict[str, Candidate] = {}
    for spec, potential in potentials.items():
        with _naming(spec):
            candidates[spec] = prepare_candidate(
                potential, systems[spec], molecule, platform=choice, precision=precision, plan=plan
            )
        tick(f"{molecule.name}: {spec} prepared")
    times = _run_rounds(candidates, plan=plan, on_turn=lambda: tick(f"{molecule.name}: timing"))
    return [
        _entry(candidate, molecule, times, reference=reference, platform=choice, plan=plan)
        for candidate in candidates.values()
    ]


@contextmanager
def _naming(spec: str) -> Iterator[None]:
    """Say which model failed; what fails knows its molecule only."""
    try:
        yield
    except UnstableError as error:
        raise SimulationError(f"{spec}: {error}") from error


def _run_rounds(
    candidates: Mapping[str, Candidate], *, plan: BenchmarkPlan, on_turn: Callable[[], None]
) -> dict[tuple[str, str], Timing]:
    """Run all blocks in turn.

    Returns:
        The times, by spec string and kind.
    """
    blocks_ms: dict[tuple[str, str], list[float]] = {
        (spec, kind): [] for spec in candidates for kind in KINDS
    }
    for turn in turns(list(candidates), rounds=plan.blocks):
        candidate = candidates[turn.model]
        steps = candidate.steps[turn.kind]
        with _naming(turn.model):
            elapsed_s = candidate.blocks[turn.kind](steps)
        blocks_ms[turn.model, turn.kind].append(_MS_PER_S * elapsed_s / steps)
        on_turn()
    return {key: timing(values) for key, values in blocks_ms.items()}


def _entry(
    candidate: Candidate,
    molecule: MolecularSystem,
    times: Mapping[tuple[str, str], Timing],
    *,
    reference: str,
    platform: PlatformChoice,
    plan: BenchmarkPlan,
) -> BenchmarkEntry:
    spec = candidate.potential.spec
    stepping = times[spec, "openmm"]
    return BenchmarkEntry(
        model=spec,
        sha256=candidate.potential.sha256,
        n_parameters=candidate.potential.n_parameters,
        system=molecule.name,
        n_atoms=molecule.n_atoms,
        platform=platform.name,
        precision=candidate.precision,
        torch_device=candidate.device,
        steps_per_block=candidate.steps,
        openmm_ms_per_step=stepping,
        ase_ms_per_step=times[spec, "ase"],
        model_ms_per_call=times[spec, "model"],
        model_call=candidate.model_call,
        ns_per_day=ns_per_day(stepping.median, timestep_fs=plan.timestep_fs),
        peak_resident_mebibytes=candidate.memory.peak_resident_mebibytes,
        baseline_resident_mebibytes=candidate.memory.baseline_resident_mebibytes,
        peak_device_mebibytes=candidate.memory.device_mebibytes,
        speedup_over_original=speedup(times[reference, "openmm"], stepping),
    )


def _method(
    plan: BenchmarkPlan,
    models: Sequence[str],
    molecules: Sequence[MolecularSystem],
    *,
    reference: str,
) -> dict[str, Any]:
    """Say how it is measured, and of what, so that an unfinished file can be told."""
    return {
        "models": list(models),
        "systems": [molecule.name for molecule in molecules],
        "reference_model": reference,
        "rounds": plan.blocks,
        "block_seconds": plan.block_seconds,
        "timestep_fs": plan.timestep_fs,
        "temperature_kelvin": plan.temperature_kelvin,
        "seed": plan.seed,
        "memory_steps": plan.memory_steps,
        "openmm_integrator": "VerletIntegrator",
        "ase_integrator": "VelocityVerlet",
        "timing": "wall time; after a warm-up, in each round every model runs one block of each "
        "kind from the same start; median and quartiles over the rounds",
        "speedup": "time of an OpenMM step of the reference model over that of the model, within "
        "each round; median and quartiles over the rounds",
        "memory": "peak of a fresh process that runs the model through OpenMM",
    }
