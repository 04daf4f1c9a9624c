"""Generate the training data of the students in parallel, with seeds."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from multiprocessing import get_context
from typing import Any

import numpy as np

from openmm_mlff.molecules import load_system
from openmm_mlff.students.training import rotation, sampling
from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.sampling import SamplingPlan
from openmm_mlff.students.training.teacher import GFN2, free_atom_energies

REFINEMENT = "refinement"
"""Kind of the frames that are used only in the later rounds of training."""

THERMAL = "thermal"

TORSION, CONFORMER = "torsion", "conformer"
"""Kinds of the frames that are used only in the last rounds of training: rotated bonds."""


@dataclass(frozen=True)
class _Job:
    """One unit of work: a kind of geometry for one subject, with its own seed."""

    kind: str
    subjects: tuple[str, ...]
    temperature_kelvin: float
    plan: SamplingPlan
    seed: int
    method: str = GFN2


def make_frames(
    molecules: Sequence[str],
    elements: tuple[int, ...],
    plan: SamplingPlan,
    *,
    seed: int,
    method: str = GFN2,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[LabelledFrame]:
    """Generate labelled frames of all molecules, dimers, pairs of elements and free atoms.

    They are grouped by origin, and depend on the seed, not on the number of processes (`workers`;
    1 uses only the current one). ``on_progress`` is called with the completed and the total number
    of jobs.
    """
    jobs = [replace(job, method=method) for job in _jobs(molecules, elements, plan, seed=seed)]
    frames: list[list[LabelledFrame]] = [[] for _ in jobs]
    for done, (index, group) in enumerate(_results(jobs, workers=workers), start=1):
        frames[index] = group
        if on_progress:
            on_progress(done, len(jobs))
    return [frame for group in frames for frame in group]


def make_unseen_frames(
    molecules: Sequence[str], plan: SamplingPlan, *, fraction: float, seed: int
) -> list[LabelledFrame]:
    """Generate thermal frames of new trajectories, for tests of students trained on the others.

    ``fraction`` of the plan's thermal frames; ``seed`` is that of :func:`make_frames`, whose
    trajectories are not repeated. The frames are grouped by origin.
    """
    part = replace(plan, thermal=max(1, round(fraction * plan.thermal)))
    work = [(name, kelvin) for name in molecules for kelvin in plan.temperatures_kelvin]
    seeds = np.random.SeedSequence([seed, 1]).generate_state(len(work))
    return [
        frame
        for (name, kelvin), own in zip(work, seeds, strict=True)
        for frame in _run(_Job(THERMAL, (name,), kelvin, part, int(own)))
    ]


def _results(jobs: Sequence[_Job], *, workers: int) -> Iterator[tuple[int, list[LabelledFrame]]]:
    """Run the jobs; yield each one's number and frames on completion."""
    if workers == 1:
        yield from ((index, _run(job)) for index, job in enumerate(jobs))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(_run, job): index for index, job in enumerate(jobs)}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _jobs(
    molecules: Sequence[str], elements: tuple[int, ...], plan: SamplingPlan, *, seed: int
) -> list[_Job]:
    """Return the jobs, each with its own seed."""
    work: list[tuple[str, tuple[str, ...], float]] = [("atoms", tuple(map(str, elements)), 0.0)]
    for name in molecules:
        work += [(THERMAL, (name,), kelvin) for kelvin in plan.temperatures_kelvin]
        work += [("stretched", (name,), 0.0), ("crowded", (name,), 0.0)]
    small = [name for name in sampling.DIMER_MOLECULES if name in molecules]
    work += [("dimer", pair, 0.0) for pair in combinations_with_replacement(small, 2)]
    work += [("scan", (str(a), str(b)), 0.0) for a, b in combinations_with_replacement(elements, 2)]
    # Last, so that the seeds of the others do not depend on the number of these.
    for name in sampling.FLEXIBLE_MOLECULES:
        if name in molecules:
            kelvins = plan.flexible_temperatures_kelvin
            work += [(REFINEMENT, (name,), kelvin) for kelvin in kelvins]
    work += [(kind, (name,), 0.0) for kind in (TORSION, CONFORMER) for name in molecules]
    seeds = np.random.SeedSequence(seed).generate_state(len(work))
    return [_Job(*item, plan, int(s)) for item, s in zip(work, seeds, strict=True)]


def _run(job: _Job) -> list[LabelledFrame]:
    """Run one job (in a worker process)."""
    return list(_frames(job))


def _frames(job: _Job) -> Iterator[LabelledFrame]:
    """Return the frames of a job, labelled as they are read."""
    plan, kind = job.plan, job.kind
    common: dict[str, Any] = {"seed": job.seed, "method": job.method}
    if kind in ("atoms", "scan"):
        numbers = tuple(map(int, job.subjects))
        if kind == "atoms":
            return sampling.free_atom_frames(free_atom_energies(numbers, method=job.method))
        first, second = numbers
        return sampling.pair_scan_frames(first, second, plan.scan, method=job.method)
    molecule, *others = (load_system(name) for name in job.subjects)
    if kind == "dimer":
        return sampling.dimer_frames(molecule, others[0], plan.dimers, **common)
    if kind in (TORSION, CONFORMER):
        rotated: dict[str, Any] = {"copies": plan.torsion_copies, "seed": job.seed}
        step = plan.torsion_step_degrees
        if kind == TORSION:
            return rotation.torsion_frames(molecule, step_degrees=step, **rotated)
        return rotation.conformer_frames(
            molecule, conformers=plan.conformers, step_degrees=2.0 * step, **rotated
        )
    if kind in (THERMAL, REFINEMENT):
        count = plan.share(plan.thermal if kind == THERMAL else plan.flexible, molecule)
        return sampling.thermal_frames(
            molecule,
            job.temperature_kelvin,
            count,
            steps_between=plan.steps_between,
            kind=kind,
            **common,
        )
    alter, count = {
        "stretched": (sampling.stretched_positions, plan.stretched),
        "crowded": (sampling.crowded_positions, plan.crowded),
    }[kind]
    return sampling.altered_frames(molecule, kind, alter, plan.share(count, molecule), **common)
