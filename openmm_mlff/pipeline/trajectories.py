"""The trajectories of one molecule, prolonged while the drift is undecided."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from openmm_mlff.checks.registry import get_check
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations.loader import load_observations
from openmm_mlff.pipeline.guard import Broken, Outcome, guarded
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.stage_names import replicas_stage, trajectory_stage
from openmm_mlff.pipeline.subject import Subject
from openmm_mlff.records import Status
from openmm_mlff.rundir import RUN_FILE, read_json, write_json
from openmm_mlff.simulation.dynamics import run_trajectory
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.record import COMPLETE, FAILED
from openmm_mlff.simulation.replicas import (
    began_alone,
    can_be_batched,
    run_replicas_together,
)

PROLONG_FACTOR = 1.5
ENDED = (COMPLETE, FAILED)

DECISIONS_FILE = "prolonged.json"


def trajectory_jobs(plan: Plan, *, duration_ps: float) -> list[TrajectoryJob]:
    """List the trajectories of a protocol: temperatures x timesteps x replicas."""
    spec = plan.spec.protocol.dynamics
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
            seed=plan.spec.seed,
        )
        for temperature in spec.temperatures_kelvin
        for timestep in spec.timesteps_fs
        for replica in range(spec.replicas)
    ]


def simulate_all(subject: Subject, start: MolecularSystem) -> None:
    """Run every trajectory; prolong those whose drift is undecided, up to the protocol's limit."""
    dynamics = subject.plan.spec.protocol.dynamics
    decided = _Decisions(subject.directory.system(subject.molecule.name) / DECISIONS_FILE)
    duration_ps = dynamics.duration_ps
    jobs = trajectory_jobs(subject.plan, duration_ps=duration_ps)
    while jobs:
        undecided = decided.at(duration_ps)
        # Past a decision, runs may be longer already; only what broke is tried again.
        left = jobs if undecided is None else [job for job in jobs if _is_broken(subject, job)]
        _simulate_each(subject, start, left)
        if duration_ps >= dynamics.longest_ps:
            return
        if undecided is None:
            undecided = _undecided_conditions(subject)
            decided.note(duration_ps, undecided)
        duration_ps = min(PROLONG_FACTOR * duration_ps, dynamics.longest_ps)
        jobs = [
            job
            for job in trajectory_jobs(subject.plan, duration_ps=duration_ps)
            if (job.temperature_kelvin, job.timestep_fs) in undecided
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
        """Give temperature and timestep of those to be prolonged; None where it is open."""
        for earlier in self._rounds:
            if earlier["duration_ps"] == duration_ps:
                return {(temperature, timestep) for temperature, timestep in earlier["undecided"]}
        return None

    def note(self, duration_ps: float, undecided: set[tuple[float, float]]) -> None:
        """Keep a decision."""
        self._rounds.append({"duration_ps": duration_ps, "undecided": sorted(undecided)})
        write_json(self._path, self._rounds)


def _is_broken(subject: Subject, job: TrajectoryJob) -> bool:
    """Tell whether the code of a run broke, or left nothing."""
    path = subject.directory.run(subject.molecule.name, job.name) / RUN_FILE
    failure = read_json(path).get("failure") if path.exists() else {"kind": "error"}
    return failure is not None and failure.get("kind") == "error"


def _simulate_each(subject: Subject, start: MolecularSystem, jobs: Sequence[TrajectoryJob]) -> None:
    """Run jobs, in groups where they can share a Context."""
    for group in _groups(subject, start, jobs):
        if len(group) == 1 or not _simulate_together(subject, start, group):
            for job in group:
                _simulate(subject, start, job)


def _groups(
    subject: Subject, start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> list[list[TrajectoryJob]]:
    """Group the jobs that can share a Context: those of one timestep."""
    if not can_be_batched(subject.plan.potential, start):
        return [[job] for job in jobs]
    ordered = sorted(jobs, key=lambda job: job.timestep_fs)
    return [list(group) for _, group in groupby(ordered, key=lambda job: job.timestep_fs)]


def _simulate_together(
    subject: Subject, start: MolecularSystem, jobs: Sequence[TrajectoryJob]
) -> bool:
    """Run a batch; False where the code broke: each then runs alone, and its record says why."""
    plan = subject.plan
    runs = [(job, subject.directory.run(start.name, job.name)) for job in jobs]
    if any(began_alone(folder) for _, folder in runs):
        return False

    def run() -> None:
        run_replicas_together(
            plan.potential,
            subject.molecule,
            runs,
            platform=subject.platform,
            start_positions_angstrom=start.positions_angstrom,
            precision=plan.spec.precision,
            on_progress=subject.report(
                replicas_stage(count=len(jobs), timestep_fs=jobs[0].timestep_fs)
            ),
        )

    key = (
        f"{start.name}: {len(jobs)} runs of {jobs[0].timestep_fs:g} fs, {jobs[0].duration_ps:g} ps"
    )
    # Run again after a crash elsewhere: what is complete costs nothing, what broke breaks again.
    return subject.journal.run(key, run).broken is None


def _simulate(subject: Subject, start: MolecularSystem, job: TrajectoryJob) -> None:
    """Run one trajectory, or what is left of it."""
    folder = subject.directory.run(start.name, job.name)
    plan = subject.plan

    def run() -> None:
        run_trajectory(
            plan.potential.create_system(start, precision=plan.spec.precision),
            subject.molecule,
            job,
            folder,
            platform=subject.platform,
            start_positions_angstrom=start.positions_angstrom,
            on_progress=subject.report(
                trajectory_stage(
                    temperature_kelvin=job.temperature_kelvin, timestep_fs=job.timestep_fs
                )
            ),
        )

    def keep(outcome: Outcome[None]) -> None:
        if outcome.broken:
            _record_broken_run(plan, start.name, job, outcome.broken)

    key = f"{start.name}: {job.name}, {job.duration_ps:g} ps"
    if key not in subject.journal.settled:
        subject.journal.run(key, run, keep=keep)


def _record_broken_run(plan: Plan, system: str, job: TrajectoryJob, broken: Broken | None) -> None:
    """Say in a run's own record that the code broke, and keep what it had written."""
    path = plan.directory.run(system, job.name) / RUN_FILE
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
        "message": broken.reason if broken else "not run",
        "time_ps": before["completed_ps"],
        "atoms": [],
        "traceback": broken.traceback if broken else "",
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


def fail_runs(plan: Plan, molecule: MolecularSystem, broken: Broken | None) -> None:
    """Record for every trajectory that has not ended why it could not be run."""
    duration_ps = plan.spec.protocol.dynamics.duration_ps
    for job in trajectory_jobs(plan, duration_ps=duration_ps):
        path = plan.directory.run(molecule.name, job.name) / RUN_FILE
        if path.exists() and read_json(path)["status"] in ENDED:
            continue
        _record_broken_run(plan, molecule.name, job, broken)


def _undecided_conditions(subject: Subject) -> set[tuple[float, float]]:
    """Give temperature and timestep of the runs whose drift more time may decide."""
    asked = {spec.id for spec, _ in subject.plan.checks}
    if "energy_drift" not in asked:
        return set()
    check = get_check("energy_drift")
    criteria = subject.plan.spec.protocol.criteria_for(check.id)
    loaded = guarded(lambda: load_observations(subject.directory, subject.molecule.name))
    if loaded.value is None:
        return set()
    observations = loaded.value
    undecided = set()
    for condition in observations.conditions():
        here = observations.at(condition)
        result = guarded(partial(check.function, here, criteria)).value
        survived = all(run.survived for run in here.runs)
        if survived and result is not None and result.status is Status.INCONCLUSIVE:
            undecided.add((condition.temperature_kelvin, condition.timestep_fs))
    return undecided
