"""The simulations of one molecule, prolonged while the drift is undecided."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmm_mlff.measuring.guard import Broken, Outcome
from openmm_mlff.measuring.minimum import relaxed_molecule
from openmm_mlff.measuring.stage_names import nve_stage
from openmm_mlff.measuring.trajectory import analyse_trajectory
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation.dynamics import run_trajectory
from openmm_mlff.simulation.job import ENSEMBLE, TrajectoryJob
from openmm_mlff.simulation.record import COMPLETE, FAILED
from openmm_mlff.simulation.replicas import began_alone, can_be_batched, run_replicas_together
from openmm_mlff.storage.loader import STRUCTURE_FILE, load_run, read_frames
from openmm_mlff.storage.run_directory import RUN_FILE, read_json, write_arrays, write_json
from openmm_mlff.storage.runs import Run, Runs

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

PROLONG_FACTOR = 1.5
DECISIONS_FILE = "prolonged.json"
FRAMES = ("time_ps", "positions_angstrom")
"""Fields of a trajectory that its own file contains; the others are stored."""


def measure_trajectories(subject: "Subject") -> tuple[Run, ...]:
    """Run every trajectory; prolong those whose drift is undecided, up to the protocol's limit.

    The subject's journal guards each simulation, so that a failure is recorded in its `run.json`.
    Decisions to prolong are made once and stored, as temperature and timestep by duration: a
    resumed run has longer simulations and would decide otherwise.
    """
    start = relaxed_molecule(subject.asked, subject.minimum)
    duration_ps, longest_ps = subject.dynamics.duration_ps, subject.dynamics.longest_ps
    path = subject.folder / DECISIONS_FILE
    rounds = read_json(path) if path.exists() else []
    decided = {one["duration_ps"]: {tuple(two) for two in one["undecided"]} for one in rounds}
    jobs = _jobs(subject, duration_ps=duration_ps)
    while jobs:
        undecided = decided.get(duration_ps)
        # After a decision, runs may already be longer; only those that failed are run again.
        left = jobs if undecided is None else [job for job in jobs if _is_broken(subject, job)]
        _simulate_each(subject, start, left)
        if duration_ps >= longest_ps:
            break
        if undecided is None:
            undecided = decided[duration_ps] = _undecided_conditions(subject)
            rounds.append({"duration_ps": duration_ps, "undecided": sorted(undecided)})
            write_json(path, rounds)
        duration_ps = min(PROLONG_FACTOR * duration_ps, longest_ps)
        longer = _jobs(subject, duration_ps=duration_ps)
        jobs = [job for job in longer if (job.temperature_kelvin, job.timestep_fs) in undecided]
    return _load_runs(subject)


def _jobs(subject: "Subject", *, duration_ps: float) -> list[TrajectoryJob]:
    """Return the trajectories of a protocol: temperatures × timesteps × replicas."""
    spec = subject.dynamics
    combinations = product(spec.temperatures_kelvin, spec.timesteps_fs, range(spec.replicas))
    return [
        TrajectoryJob(
            temperature_kelvin=temperature,
            timestep_fs=timestep,
            replica=replica,
            duration_ps=duration_ps,
            equilibration_ps=spec.equilibration_ps,
            equilibration_timestep_fs=spec.equilibration_timestep_fs,
            friction_per_ps=spec.friction_per_ps,
            energy_interval_steps=spec.energy_interval_steps,
            frame_interval_steps=spec.frame_interval_steps,
            seed=subject.seed,
            limits=subject.stability_limits,
        )
        for temperature, timestep, replica in combinations
    ]


def _load_runs(subject: "Subject") -> tuple[Run, ...]:
    """Read the simulations, by name, and measure frames that have not been measured yet."""
    runs = []
    for name in sorted(job.name for job in _jobs(subject, duration_ps=1.0)):
        folder = subject.folder / name
        if not (folder / RUN_FILE).exists():
            continue
        run = load_run(folder)
        frames = read_frames(folder, record=_read_record(folder))
        if run.trajectory is None and frames is not None:
            series = analyse_trajectory(
                frames[0], system=subject.asked, time_ps=frames[1], limits=subject.stability_limits
            )
            measured = {key: value for key, value in vars(series).items() if key not in FRAMES}
            write_arrays(folder / STRUCTURE_FILE, measured)
            run = replace(run, trajectory=series)
        runs.append(run)
    return tuple(runs)


def _undecided_conditions(subject: "Subject") -> set[tuple[float, float]]:
    """Return temperature and timestep of the runs whose drift a longer run may decide."""
    runs = Runs(system=subject.asked, runs=_load_runs(subject))
    return {
        (condition.temperature_kelvin, condition.timestep_fs)
        for condition in runs.conditions()
        if all(run.survived for run in runs.at(condition).runs)
        and subject.is_undecided(runs.at(condition))
    }


def _simulate_each(
    subject: "Subject", start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> None:
    """Run jobs; those of one timestep together where they can share a Context."""
    groups = [[job] for job in jobs]
    if can_be_batched(subject.potential, start):
        ordered = sorted(jobs, key=lambda job: job.timestep_fs)
        groups = [list(group) for _, group in groupby(ordered, key=lambda job: job.timestep_fs)]
    for group in groups:
        if len(group) == 1 or not _simulate_together(subject, start, group):
            for job in group:
                _simulate(subject, start, job)


def _simulate_together(
    subject: "Subject", start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> bool:
    """Run a batch; False where the code failed: each then runs alone, and its record says why."""
    runs = [(job, subject.folder / job.name) for job in jobs]
    if any(began_alone(folder) for _, folder in runs):
        return False
    count, timestep_fs, duration_ps = len(jobs), jobs[0].timestep_fs, jobs[0].duration_ps
    run = partial(
        run_replicas_together,
        subject.potential,
        subject.asked,
        runs,
        platform=subject.platform,
        start_positions_angstrom=start.positions_angstrom,
        precision=subject.precision,
        on_progress=subject.progress(nve_stage(f"{count} replicas", timestep_fs=timestep_fs)),
    )
    key = f"{start.name}: {count} runs of {timestep_fs:g} fs, {duration_ps:g} ps"
    # Called again after a crash elsewhere: complete runs are not repeated.
    return subject.journal.run(key, run).broken is None


def _simulate(subject: "Subject", start: MolecularSystem, job: TrajectoryJob) -> None:
    """Run one trajectory, or resume it."""
    folder = subject.folder / job.name
    stage = nve_stage(f"{job.temperature_kelvin:g} K", timestep_fs=job.timestep_fs)

    def run() -> None:
        run_trajectory(
            subject.potential.create_system(start, precision=subject.precision),
            subject.asked,
            job,
            folder,
            platform=subject.platform,
            start_positions_angstrom=start.positions_angstrom,
            on_progress=subject.progress(stage),
        )

    def keep(outcome: Outcome[None]) -> None:
        if outcome.broken is not None:
            _record_broken_run(folder, job, outcome.broken)

    key = f"{start.name}: {job.name}, {job.duration_ps:g} ps"
    if key not in subject.journal.settled:
        subject.journal.run(key, run, keep=keep)


def _read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a simulation; empty where there is none."""
    path = folder / RUN_FILE
    return read_json(path) if path.exists() else {}


def _is_broken(subject: "Subject", job: TrajectoryJob) -> bool:
    """Return whether the code of a run failed, or wrote nothing."""
    record = _read_record(subject.folder / job.name)
    return not record or (record.get("failure") or {}).get("kind") == "error"


def _record_broken_run(folder: Path, job: TrajectoryJob, broken: Broken) -> None:
    """Write into the record of a simulation that its code failed; what it had written stays.

    A run completed earlier stays complete, whatever ended this process.
    """
    record = {"completed_ps": 0.0, **_read_record(folder)}
    if record.get("status") == COMPLETE and record["requested_ps"] >= job.duration_ps:
        return
    changes = {
        "condition": {
            "ensemble": ENSEMBLE,
            "temperature_kelvin": job.temperature_kelvin,
            "timestep_fs": job.timestep_fs,
        },
        "replica": job.replica,
        "requested_ps": job.duration_ps,
        "frame_interval_steps": job.frame_interval_steps,
        "status": FAILED,
        "failure": {
            "kind": "error",
            "message": broken.reason,
            "time_ps": record["completed_ps"],
            "atoms": [],
            "traceback": broken.traceback,
        },
    }
    write_json(folder / RUN_FILE, record | changes)
