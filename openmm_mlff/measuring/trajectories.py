"""The simulations of one molecule, prolonged while the drift is undecided."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from openmm_mlff.files import write_arrays
from openmm_mlff.measuring.guard import Broken, Outcome
from openmm_mlff.measuring.minimum import relaxed_molecule
from openmm_mlff.measuring.stage_names import replicas_stage, trajectory_stage
from openmm_mlff.measuring.trajectory import analyse_trajectory
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.rundir import RUN_FILE, read_json, write_json
from openmm_mlff.simulation.dynamics import run_trajectory
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.record import COMPLETE
from openmm_mlff.simulation.replicas import (
    began_alone,
    can_be_batched,
    run_replicas_together,
)
from openmm_mlff.storage.loader import STRUCTURE_FILE, load_run, read_frames
from openmm_mlff.storage.runs import Run, Runs

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

PROLONG_FACTOR = 1.5


DECISIONS_FILE = "prolonged.json"


def measure_trajectories(subject: "Subject") -> tuple[Run, ...]:
    """Run every trajectory; prolong those whose drift is undecided, up to the protocol's limit.

    Args:
        subject: what is simulated; its journal guards each simulation, so that one that breaks is
            recorded in its own `run.json`.

    Returns:
        The simulations, with what MDTraj measured in their frames.
    """
    start = relaxed_molecule(subject.asked, subject.minimum)
    dynamics = subject.dynamics
    decided = _Decisions(subject.folder / DECISIONS_FILE)
    duration_ps = dynamics.duration_ps
    jobs = trajectory_jobs(subject, duration_ps=duration_ps)
    while jobs:
        undecided = decided.at(duration_ps)
        # Past a decision, runs may be longer already; only what broke is tried again.
        left = jobs if undecided is None else [job for job in jobs if _is_broken(subject, job)]
        _simulate_each(subject, start, left)
        if duration_ps >= dynamics.longest_ps:
            break
        if undecided is None:
            undecided = _undecided_conditions(subject)
            decided.note(duration_ps, undecided)
        duration_ps = min(PROLONG_FACTOR * duration_ps, dynamics.longest_ps)
        jobs = [
            job
            for job in trajectory_jobs(subject, duration_ps=duration_ps)
            if (job.temperature_kelvin, job.timestep_fs) in undecided
        ]
    return load_runs(subject)


def load_runs(subject: "Subject") -> tuple[Run, ...]:
    """Read the simulations, and measure the frames that have not been measured yet.

    Args:
        subject: what was simulated.

    Returns:
        In the order of their names.
    """
    folders = [subject.folder / job.name for job in trajectory_jobs(subject, duration_ps=1.0)]
    there = sorted(folder for folder in folders if (folder / RUN_FILE).exists())
    for folder in there:
        _measure_structure(folder, subject)
    return tuple(load_run(folder) for folder in there)


def _measure_structure(folder: Path, subject: "Subject") -> None:
    """Measure the frames of one simulation with MDTraj, unless that has been done."""
    record = read_json(folder / RUN_FILE)
    frames = read_frames(folder, record=record)
    if frames is None:
        return
    run = load_run(folder)
    if run.trajectory is not None:
        return
    positions_angstrom, time_ps = frames
    series = analyse_trajectory(
        positions_angstrom,
        system=subject.asked,
        time_ps=time_ps,
        limits=subject.stability_limits,
    )
    measured = (
        "rmsd_angstrom",
        "radius_of_gyration_angstrom",
        "bond_lengths_angstrom",
        "fragments",
        "closest_contact",
    )
    write_arrays(folder / STRUCTURE_FILE, {name: getattr(series, name) for name in measured})


def trajectory_jobs(subject: "Subject", *, duration_ps: float) -> list[TrajectoryJob]:
    """List the trajectories of a protocol: temperatures x timesteps x replicas."""
    spec = subject.dynamics
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
        for temperature in spec.temperatures_kelvin
        for timestep in spec.timesteps_fs
        for replica in range(spec.replicas)
    ]


class _Decisions:
    """Which conditions were to be prolonged after which duration, as it was decided once.

    A run that was killed while it was prolonged would decide otherwise: it sees longer runs.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rounds = read_json(path) if path.exists() else []

    def at(self, duration_ps: float) -> set[tuple[float, float]] | None:
        """Return temperature and timestep of those to be prolonged; None where it is open."""
        for earlier in self._rounds:
            if earlier["duration_ps"] == duration_ps:
                return {(temperature, timestep) for temperature, timestep in earlier["undecided"]}
        return None

    def note(self, duration_ps: float, undecided: set[tuple[float, float]]) -> None:
        """Write a decision."""
        self._rounds.append({"duration_ps": duration_ps, "undecided": sorted(undecided)})
        write_json(self._path, self._rounds)


def _is_broken(subject: "Subject", job: TrajectoryJob) -> bool:
    """Return whether the code of a run broke, or left nothing."""
    path = subject.folder / job.name / RUN_FILE
    failure = read_json(path).get("failure") if path.exists() else {"kind": "error"}
    return failure is not None and failure.get("kind") == "error"


def _simulate_each(
    subject: "Subject", start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> None:
    """Run jobs, in groups where they can share a Context."""
    for group in _groups(subject, start, jobs):
        if len(group) == 1 or not _simulate_together(subject, start, group):
            for job in group:
                _simulate(subject, start, job)


def _groups(
    subject: "Subject", start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> list[list[TrajectoryJob]]:
    """Group the jobs that can share a Context: those of one timestep."""
    if not can_be_batched(subject.potential, start):
        return [[job] for job in jobs]
    ordered = sorted(jobs, key=lambda job: job.timestep_fs)
    return [list(group) for _, group in groupby(ordered, key=lambda job: job.timestep_fs)]


def _simulate_together(
    subject: "Subject", start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> bool:
    """Run a batch; False where the code broke: each then runs alone, and its record says why."""
    runs = [(job, subject.folder / job.name) for job in jobs]
    if any(began_alone(folder) for _, folder in runs):
        return False

    def run() -> None:
        run_replicas_together(
            subject.potential,
            subject.asked,
            runs,
            platform=subject.platform,
            start_positions_angstrom=start.positions_angstrom,
            precision=subject.precision,
            on_progress=subject.progress(
                replicas_stage(count=len(jobs), timestep_fs=jobs[0].timestep_fs)
            ),
        )

    key = (
        f"{start.name}: {len(jobs)} runs of {jobs[0].timestep_fs:g} fs, {jobs[0].duration_ps:g} ps"
    )
    # Run again after a crash elsewhere: what is complete costs nothing, what broke breaks again.
    return subject.journal.run(key, run).broken is None


def _simulate(subject: "Subject", start: MolecularSystem, job: TrajectoryJob) -> None:
    """Run one trajectory, or what is left of it."""
    folder = subject.folder / job.name

    def run() -> None:
        run_trajectory(
            subject.potential.create_system(start, precision=subject.precision),
            subject.asked,
            job,
            folder,
            platform=subject.platform,
            start_positions_angstrom=start.positions_angstrom,
            on_progress=subject.progress(
                trajectory_stage(
                    temperature_kelvin=job.temperature_kelvin, timestep_fs=job.timestep_fs
                )
            ),
        )

    def keep(outcome: Outcome[None]) -> None:
        # One that an earlier start has completed stays so, whatever ended this one.
        if outcome.broken is not None and not _is_complete(folder, job):
            record_broken_run(folder, job, outcome.broken)

    key = f"{start.name}: {job.name}, {job.duration_ps:g} ps"
    if key not in subject.journal.settled:
        subject.journal.run(key, run, keep=keep)


def _is_complete(folder: Path, job: TrajectoryJob) -> bool:
    """Return whether a simulation has run to its end."""
    path = folder / RUN_FILE
    record = read_json(path) if path.exists() else {}
    return record.get("status") == COMPLETE and record["requested_ps"] >= job.duration_ps


def record_broken_run(folder: Path, job: TrajectoryJob, broken: Broken) -> None:
    """Write into the record of a simulation that the code broke; what it had written stays."""
    path = folder / RUN_FILE
    nothing = {
        "steps": 0,
        "completed_ps": 0.0,
        "ms_per_step_blocks": [],
        "memory_mebibytes": {},
        "platform": "",
    }
    before = nothing | (read_json(path) if path.exists() else {})
    failure = {
        "kind": "error",
        "message": broken.reason,
        "time_ps": before["completed_ps"],
        "atoms": [],
        "traceback": broken.traceback,
    }
    condition = {
        "ensemble": "nve",
        "temperature_kelvin": job.temperature_kelvin,
        "timestep_fs": job.timestep_fs,
    }
    asked = {
        "condition": condition,
        "replica": job.replica,
        "requested_ps": job.duration_ps,
        "frame_interval_steps": job.frame_interval_steps,
    }
    write_json(path, before | asked | {"status": "failed", "failure": failure})


def _undecided_conditions(subject: "Subject") -> set[tuple[float, float]]:
    """Return temperature and timestep of the runs whose drift a longer run may decide."""
    runs = Runs(system=subject.asked, runs=load_runs(subject))
    return {
        (condition.temperature_kelvin, condition.timestep_fs)
        for condition in runs.conditions()
        if all(run.survived for run in runs.at(condition).runs)
        and subject.is_undecided(runs.at(condition))
    }
