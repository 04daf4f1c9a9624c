"""Several trajectories of one molecule in one OpenMM Context."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff.errors import ConfigError, RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.checkpoint import PREVIOUS_FILE, STATE_FILE, read_state
from openmm_mlff.simulation.dynamics import StepCounter
from openmm_mlff.simulation.integrate import Setup, Start, run
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.langevin import Progress
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.replicas.system import energies_by_openmm, make_copies, single_copy
from openmm_mlff.simulation.states import Content, ManyCopies
from openmm_mlff.simulation.stepper import Stepper
from openmm_mlff.units import nm_from_angstrom

SHARED = ("timestep_fs", "n_steps", "energy_interval_steps", "frame_interval_steps")
"""Settings shared by one Context; seed, replica, temperature and equilibration may differ."""


def run_replicas_together(
    potential: Potential,
    molecule: MolecularSystem,
    runs: Sequence[tuple[TrajectoryJob, Path]],
    *,
    platform: PlatformChoice,
    start_positions_angstrom: npt.ArrayLike,
    precision: str = "mixed",
    on_progress: Progress | None = None,
) -> None:
    """Run or resume several trajectories of one isolated molecule as one batch.

    Each is equilibrated alone with its own seed and temperature; then all run NVE in one Context
    without interaction.  Each trajectory equals that of a single run to rounding, and its folder
    holds the same files; `run.json` also has the key `replicas`, the batch size, by which its times
    per step are divided.

    Settled runs are left unchanged.  The others resume if all have a saved state of the same step,
    platform and precision; else all of them restart.  An unstable run does not raise: its
    `run.json` has the status "failed" and the reason, and the others continue.

    Args:
        potential: see :func:`~openmm_mlff.simulation.replicas.system.make_copies`.
        molecule: to simulate, with the bonds that must be preserved.
        runs: jobs and their folders; timestep, duration and intervals are the same for all.
        platform: of the calculation.
        start_positions_angstrom: minimum, (N, 3), or one per run, (n, N, 3).
        precision: of the weights: ``single`` and ``mixed`` use float32, ``double`` float64.
        on_progress: called with the steps of all runs together.

    Raises:
        ConfigError: the jobs cannot share a Context, or share a folder.
        PotentialError: the potential cannot run copies of the molecule.
        RunDirectoryError: a folder holds another run.
    """
    check_alike([job for job, _ in runs])
    if len({folder for _, folder in runs}) < len(runs):
        raise ConfigError("two replicas have the same folder; expected one folder each")
    starts = starts_of(start_positions_angstrom, n_runs=len(runs), n_atoms=molecule.n_atoms)
    replicas = [
        Replica(folder, TrajectoryRecord.open(folder, job, platform=platform), start)
        for (job, folder), start in zip(runs, starts, strict=True)
    ]
    longest_ps = max(replica.job.duration_ps for replica in replicas)
    for replica in replicas:
        replica.record.job = replace(replica.job, duration_ps=longest_ps)
    waiting = [replica for replica in replicas if not replica.record.is_settled]
    counter = StepCounter(replicas, on_progress)
    counter.add(sum(replica.n_all_steps for replica in replicas if replica not in waiting))
    if waiting:

        def content(count: int) -> tuple[openmm.System, Content]:
            copies = make_copies(potential, molecule, count, precision=precision)
            energies_ev = copies.energies_ev or energies_by_openmm(
                copies.single, platform=platform, positions_angstrom=starts[0]
            )
            timestep_fs = runs[0][0].timestep_fs
            return copies.system, ManyCopies(copies.single, count, energies_ev, timestep_fs)

        setup = Setup(
            molecule,
            platform,
            single=lambda: single_copy(potential, molecule, precision=precision),
            content=content,
            is_batch=True,
        )
        run(setup, waiting, saved_batch(replicas, platform=platform), on_steps=counter.add)
    for replica in replicas:
        (replica.folder / PREVIOUS_FILE).unlink(missing_ok=True)
    counter.finish()


def check_alike(jobs: Sequence[TrajectoryJob]) -> None:
    """Check that jobs can run in one Context.

    Raises:
        ConfigError: there are none, or they differ in a shared setting.
    """
    if not jobs:
        raise ConfigError("no replicas were requested; expected at least one")
    for name in SHARED:
        values = sorted({getattr(job, name) for job in jobs})
        if len(values) > 1:
            raise ConfigError(
                f"replicas that run together have different values of {name} "
                f"({', '.join(map(str, values))}); expected one value: run them in groups"
            )


def starts_of(start_positions_angstrom: npt.ArrayLike, *, n_runs: int, n_atoms: int) -> FloatArray:
    """Return the start of each run, (n, N, 3), from one for all, (N, 3), or one per run, (n, N, 3).

    Raises:
        ConfigError: the shape is different.
    """
    starts = np.asarray(start_positions_angstrom, dtype=np.float64)
    if starts.shape not in {(n_atoms, 3), (n_runs, n_atoms, 3)}:
        raise ConfigError(
            f"start positions have shape {starts.shape}; expected ({n_atoms}, 3), or ({n_runs}, "
            f"{n_atoms}, 3) for one per run"
        )
    return np.broadcast_to(starts, (n_runs, n_atoms, 3)).copy()


def saved_batch(
    replicas: Sequence[Replica], *, platform: PlatformChoice
) -> tuple[list[Replica], Start] | None:
    """Return the members of a batch, and their states of the last step that all have in common.

    Members are the replicas to continue, and those that failed in the same Context, which have no
    state and are at rest at their start.  Return None, so that all restart, if there is no common
    step or one used another platform.
    """
    members = [
        replica
        for replica in replicas
        if not replica.record.is_settled
        or (replica.is_failed and replica.record.n_degrees_of_freedom is not None)
    ]
    waiting = [replica for replica in members if not replica.record.is_settled]
    ran_on = {(replica.record.platform, replica.record.precision) for replica in waiting}
    if ran_on != {(platform.name, platform.precision)}:
        return None
    states = [_states(replica.folder) for replica in waiting]
    steps = set.intersection(*(set(found) for found in states))
    if not steps:
        return None
    step = max(steps)
    common = [found[step] for found in states]
    starts = np.stack([replica.start_angstrom for replica in members])
    positions_nm = nm_from_angstrom(starts)
    velocities_nm_per_ps = np.zeros_like(starts)
    places = [members.index(replica) for replica in waiting]
    for place, state in zip(places, common, strict=True):
        positions_nm[place] = state.getPositions(asNumpy=True)._value
        velocities_nm_per_ps[place] = state.getVelocities(asNumpy=True)._value

    def apply(stepper: Stepper) -> None:
        stepper.context.setPositions(positions_nm.reshape(-1, 3))
        stepper.context.setVelocities(velocities_nm_per_ps.reshape(-1, 3))
        stepper.context.setTime(common[0].getTime())
        stepper.context.setStepCount(step)

    return members, Start(starts, apply, resumes=True)


def _states(folder: Path) -> dict[int, openmm.State]:
    """Return the last two states of a run, by step."""
    states = {}
    for name in (PREVIOUS_FILE, STATE_FILE):
        try:
            state = read_state(folder / name)
        except RunDirectoryError:
            continue
        states[int(state.getStepCount())] = state
    return states
