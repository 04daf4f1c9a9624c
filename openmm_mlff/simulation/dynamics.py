"""Trajectories from a minimum to their end, resumable: one, or several replicas."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy.typing as npt
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.trajectory import Trajectory

Progress = Callable[[int, int], None]
"""Called with the steps that are done and those there are, equilibration included."""


def run_trajectory(
    system: openmm.System,
    molecule: MolecularSystem,
    job: TrajectoryJob,
    folder: Path,
    *,
    platform: PlatformChoice,
    start_positions_angstrom: npt.ArrayLike,
    on_progress: Progress | None = None,
) -> None:
    """Run one trajectory, or what is left of it, into a folder.

    Killed at any time and called again, it goes on from its last saved state and ends with the
    same bits, on the platform on which it was begun.  Called with a longer duration it is
    prolonged; called for a run that is long enough or went wrong, it does nothing.

    A run that goes wrong physically is no exception: its `run.json` says "failed", and why.

    Args:
        system: what the potential made of the molecule.
        molecule: what is run; its bonds are those that must hold.
        job: what is asked.
        folder: of this run.
        platform: where it runs.
        start_positions_angstrom: the minimum, (N, 3), Å.
        on_progress: called after each block.
    """
    run_replicas(
        system,
        molecule,
        [(job, folder)],
        platform=platform,
        start_positions_angstrom=start_positions_angstrom,
        on_progress=on_progress,
    )


def run_replicas(
    system: openmm.System,
    molecule: MolecularSystem,
    runs: Sequence[tuple[TrajectoryJob, Path]],
    *,
    platform: PlatformChoice,
    start_positions_angstrom: npt.ArrayLike,
    on_progress: Progress | None = None,
) -> None:
    """Run several trajectories of one molecule, one after the other.

    They do not take turns: OpenMM's Reference platform has one stream of random numbers for all
    Contexts, and no trajectory may depend on the others.

    Args:
        system: what the potential made of the molecule.
        molecule: what is run.
        runs: jobs and their folders.
        platform: where they run.
        start_positions_angstrom: the minimum, (N, 3), Å.
        on_progress: called after each block, with the steps of all runs together.
    """
    total = sum(job.n_equilibration_steps + job.n_steps for job, _ in runs)
    before = 0
    for job, folder in runs:
        trajectory = Trajectory(
            system,
            molecule,
            job,
            folder,
            platform=platform,
            start_positions_angstrom=start_positions_angstrom,
        )
        # An interrupt or an error that leaves the loop closes the generator, and it its files.
        with closing(trajectory.advance()) as advance:
            for done in advance:
                if on_progress is not None:
                    on_progress(before + done, total)
        before += trajectory.n_steps
