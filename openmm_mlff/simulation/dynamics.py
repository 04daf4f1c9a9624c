"""Resumable trajectories of one molecule, one after the other."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation.checkpoint import STATE_FILE, load_state
from openmm_mlff.simulation.integrate import Setup, Start, run
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.langevin import Progress
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.states import OneCopy


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
    start = np.asarray(start_positions_angstrom, dtype=np.float64)
    replicas = [
        Replica(folder, TrajectoryRecord.open(folder, job, platform=platform), start)
        for job, folder in runs
    ]
    counter = StepCounter(replicas, on_progress)
    for index, replica in enumerate(replicas):
        if not replica.record.is_settled:
            setup = Setup(
                molecule,
                _platform_of(replica.record, platform),
                single=lambda: system,
                content=lambda _: (system, OneCopy(system)),
                is_batch=False,
            )
            saved = None
            if (replica.folder / STATE_FILE).exists():
                apply = partial(load_state, folder=replica.folder)
                saved = [replica], Start(start, apply, resumes=True)
            run(setup, [replica], saved, on_steps=counter.add)
        counter.reach(replicas[: index + 1])


def _platform_of(record: TrajectoryRecord, platform: PlatformChoice) -> PlatformChoice:
    """Return the platform on which a run was begun, which it keeps."""
    if (record.platform, record.precision) == (platform.name, platform.precision):
        return platform
    return named_platform(record.platform, precision=record.precision)


class StepCounter:
    """Reports the steps of all runs together."""

    def __init__(self, replicas: Sequence[Replica], on_progress: Progress | None) -> None:
        self._total = sum(replica.n_all_steps for replica in replicas)
        self._done = 0
        self._on_progress = on_progress

    def add(self, steps: int) -> None:
        """Add completed steps."""
        self._done += steps
        if steps and self._on_progress is not None:
            self._on_progress(self._done, self._total)

    def reach(self, replicas: Sequence[Replica]) -> None:
        """Report these replicas as done, including the steps that unstable ones omitted."""
        self.add(sum(replica.n_all_steps for replica in replicas) - self._done)
