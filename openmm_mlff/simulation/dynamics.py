"""Resumable trajectories of one or several replicas."""

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
"""Called with completed and total steps, including equilibration."""


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
    """Run or resume one trajectory in a folder.

    A killed run resumes from its last saved state, on its original platform, with bitwise equal
    results.  A longer duration extends it; a complete or unstable run is left unchanged.

    An unstable run does not raise; its `run.json` has the status "failed" and the reason.

    `start_positions_angstrom`, (N, 3), is the minimum; `on_progress` is called after each block.
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
    """Run several trajectories of one molecule, one after the other; see :func:`run_trajectory`.

    They are not interleaved: OpenMM's Reference platform has one random number stream for all
    Contexts, and no trajectory may depend on the others.
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
        # Closing the generator closes its files, also after an interrupt or an error.
        with closing(trajectory.advance()) as advance:
            for done in advance:
                if on_progress is not None:
                    on_progress(before + done, total)
        before += trajectory.n_steps
