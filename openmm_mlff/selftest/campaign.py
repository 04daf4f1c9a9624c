"""The self-test as independent jobs, run in parallel processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass

from openmm_mlff.selftest.defects import DEFECTS, Defect, get_defect
from openmm_mlff.selftest.matrix import (
    DefectRow,
    HealthyRow,
    Matrix,
    checks_seen,
    healthy_row,
    trial,
)
from openmm_mlff.selftest.onset import Onset, find_onset
from openmm_mlff.selftest.oracles import KINDS
from openmm_mlff.selftest.runner import (
    Findings,
    examine_defect,
    examine_healthy,
    protocol_for,
    with_check,
)

SYSTEMS = ("water", "methane")
"""Systems of the healthy potentials, in alternation."""

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

    Raises:
        ConfigError: unknown fault.
    """
    defects = [get_defect(name) for name in only] or list(DEFECTS)
    jobs = list_jobs(defects, seeds=0 if only else seeds)
    results: dict[Job, Findings | Onset] = {}
    for job, result in _run_all(jobs, processes=processes or os.cpu_count() or 1):
        results[job] = result
        on_progress(job.subject, len(results), len(jobs))
    return assemble(defects, results)


def list_jobs(defects: Sequence[Defect], *, seeds: int) -> list[Job]:
    """Return the jobs, slow ones first, with `seeds` healthy potentials of each kind."""
    graded = [defect for defect in defects if defect.slight is not None]
    jobs = [Job("onset", defect.name) for defect in graded]
    jobs += [Job("healthy", kind, seed) for kind in KINDS for seed in range(seeds)]
    jobs += [Job("gross", defect.name) for defect in defects]
    jobs += [Job("slight", defect.name) for defect in graded]
    slow = {defect.name for defect in defects if defect.kind == "network"} | {"network"}
    return sorted(jobs, key=lambda job: job.subject not in slow)


def run_job(job: Job) -> Findings | Onset:
    """Run one job and return the findings, or the onset."""
    if job.part == "healthy":
        return examine_healthy(job.subject, system=system_of(job.seed), seed=job.seed)
    defect = get_defect(job.subject)
    if job.part == "onset":
        return measure_onset(defect)
    strength = defect.gross if job.part == "gross" else defect.slight
    return examine_defect(defect, strength=strength or defect.gross)


def measure_onset(defect: Defect) -> Onset:
    """Determine the onset at which the check of a fault detects it; no other check is run."""
    protocol = with_check(protocol_for(defect.kind), defect.check)

    def sees(strength: float) -> bool:
        return examine_defect(defect, strength=strength, protocol=protocol)[defect.check].caught

    return find_onset(sees, start=defect.predicted_onset or defect.gross, gross=defect.gross)


def system_of(seed: int) -> str:
    """Return the system of the healthy potentials with a seed."""
    return SYSTEMS[seed % len(SYSTEMS)]


def assemble(defects: Sequence[Defect], results: dict[Job, Findings | Onset]) -> Matrix:
    """Build the matrix from the results of all jobs, with rows in the order of `defects`."""
    rows = tuple(_row(defect, results) for defect in defects)
    healthy = tuple(
        sorted(
            (_healthy(job, result) for job, result in results.items() if job.part == "healthy"),
            key=lambda row: (list(KINDS).index(row.kind), row.seed),
        )
    )
    return Matrix(checks_seen(rows, healthy), rows, healthy)


def _row(defect: Defect, results: dict[Job, Findings | Onset]) -> DefectRow:
    gross = results[Job("gross", defect.name)]
    slight = results.get(Job("slight", defect.name))
    onset = results.get(Job("onset", defect.name))
    if not isinstance(gross, dict):
        raise TypeError(f"{defect.name}: got {gross!r}, expected what the checks said")
    return DefectRow(
        name=defect.name,
        description=defect.description,
        check=defect.check,
        unit=defect.unit,
        gross=trial(defect, strength=defect.gross, findings=gross),
        slight=trial(defect, strength=defect.slight or 0.0, findings=slight)
        if isinstance(slight, dict)
        else None,
        predicted_onset=defect.predicted_onset,
        prediction=defect.prediction,
        onset=onset if isinstance(onset, Onset) else None,
    )


def _healthy(job: Job, result: Findings | Onset) -> HealthyRow:
    if not isinstance(result, dict):
        raise TypeError(f"{job}: got {result!r}, expected what the checks said")
    return healthy_row(job.subject, system=system_of(job.seed), seed=job.seed, findings=result)


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
        futures: dict[Future[Findings | Onset], Job] = {pool.submit(run_job, j): j for j in jobs}
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
