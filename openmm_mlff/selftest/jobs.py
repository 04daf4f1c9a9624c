"""The self-test as independent jobs, run in parallel processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from openmm_mlff.selftest.faults import FAULTS, Fault, get_fault
from openmm_mlff.selftest.matrix import FaultRow, HealthyRow, Matrix
from openmm_mlff.selftest.onset import Onset, find_onset
from openmm_mlff.selftest.oracles import BOX_KINDS, KINDS
from openmm_mlff.selftest.runner import (
    Findings,
    examine_fault,
    examine_healthy,
    protocol_for,
    with_check,
)

SYSTEMS = ("water", "methane")
"""Systems of the healthy potentials, in alternation."""

BOX_SYSTEMS = {"argon": "argon_108", "field": "water_box_64"}
HEALTHY_BOX = "argon"
"""Kind of the one healthy potential in a box, which costs as much as all others together."""

Progress = Callable[[str, int, int], None]
"""Called with the subject of the completed job, the number of completed jobs, and the total."""


@dataclass(frozen=True)
class Job:
    """One job of the self-test.

    Attributes:
        part: ``gross``, ``slight``, ``onset`` or ``healthy``.
        subject: name of a fault, or kind of a healthy potential.
        seed: of a healthy potential.
    """

    part: str
    subject: str
    seed: int = 0


def run_selftest(
    *, seeds: int, only: Sequence[str] = (), processes: int | None = None, on_progress: Progress
) -> Matrix:
    """Plant every fault, examine every healthy potential, and determine every onset.

    Args:
        seeds: number of healthy potentials of each kind.
        only: names of faults; if given, healthy potentials are skipped.
        processes: None for one per core.
        on_progress: called after each job.
    """
    faults = [get_fault(name) for name in only] or list(FAULTS)
    jobs = list_jobs(faults, seeds=0 if only else seeds)
    results: dict[Job, Any] = {}
    for job, result in _run_all(jobs, processes=processes or os.cpu_count() or 1):
        results[job] = result
        on_progress(job.subject, len(results), len(jobs))
    return assemble(faults, results)


def list_jobs(faults: Sequence[Fault], *, seeds: int) -> list[Job]:
    """Return the jobs, slow ones first, with `seeds` healthy potentials of each kind."""
    graded = [fault for fault in faults if fault.slight is not None]
    jobs = [Job("onset", fault.name) for fault in graded]
    jobs += [Job("healthy", kind, seed) for kind in KINDS for seed in range(seeds)]
    jobs += [Job("healthy", HEALTHY_BOX)] if seeds else []
    jobs += [Job("gross", fault.name) for fault in faults]
    jobs += [Job("slight", fault.name) for fault in graded]
    kinds = {"network", *BOX_KINDS}
    slow = {fault.name for fault in faults if fault.parent in kinds} | kinds
    return sorted(jobs, key=lambda job: job.subject not in slow)


def run_job(job: Job) -> Findings | Onset:
    """Run one job and return the findings, or the onset."""
    if job.part == "healthy":
        return examine_healthy(job.subject, system=system_of(job.seed, job.subject), seed=job.seed)
    fault = get_fault(job.subject)
    if job.part == "onset":
        return measure_onset(fault)
    strength = fault.gross if job.part == "gross" else fault.slight
    return examine_fault(fault, strength=strength or fault.gross)


def measure_onset(fault: Fault) -> Onset:
    """Determine the onset at which the check of a fault detects it; no other check is run."""
    protocol = with_check(protocol_for(fault.parent), fault.check)

    def sees(strength: float) -> bool:
        return examine_fault(fault, strength=strength, protocol=protocol)[fault.check].is_alarm

    return find_onset(sees, start=fault.predicted_onset or fault.gross, gross=fault.gross)


def system_of(seed: int, kind: str = "") -> str:
    """Return the system of the healthy potentials of a kind with a seed."""
    return BOX_SYSTEMS.get(kind) or SYSTEMS[seed % len(SYSTEMS)]


def assemble(faults: Sequence[Fault], results: Mapping[Job, Any]) -> Matrix:
    """Build the matrix from the results of all jobs, with rows in the order of `faults`."""
    rows = [
        FaultRow(
            fault,
            gross=results[Job("gross", fault.name)],
            slight=results.get(Job("slight", fault.name)),
            onset=results.get(Job("onset", fault.name)),
        )
        for fault in faults
    ]
    healthy = [
        HealthyRow(
            job.subject, system=system_of(job.seed, job.subject), seed=job.seed, findings=findings
        )
        for job, findings in results.items()
        if job.part == "healthy"
    ]
    healthy.sort(key=lambda row: ([*KINDS, *BOX_KINDS].index(row.kind), row.seed))
    return Matrix(tuple(rows), tuple(healthy))


def _run_all(jobs: Sequence[Job], *, processes: int) -> Iterator[tuple[Job, Findings | Onset]]:
    """Run the jobs in this process or in several."""
    if processes == 1 or len(jobs) == 1:
        for job in jobs:
            yield job, run_job(job)
        return
    # Forked processes would inherit the state of OpenMM's and torch's thread pools.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(max_workers=processes, mp_context=context) as pool,
    ):
        futures = {pool.submit(run_job, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Limit child processes to one thread, since there is one process per core."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
