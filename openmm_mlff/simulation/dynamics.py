"""One resumable trajectory of a molecule."""

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
    start = np.asarray(start_positions_angstrom, dtype=np.float64)
    replica = Replica(folder, TrajectoryRecord.open(folder, job, platform=platform), start)
    counter = StepCounter([replica], on_progress)
    if not replica.record.is_settled:
        ran_on = replica.record.platform, replica.record.precision
        if ran_on != (platform.name, platform.precision):
            platform = named_platform(ran_on[0], precision=ran_on[1])
        setup = Setup(
            molecule,
            platform,
            single=lambda: system,
            content=lambda _: (system, OneCopy(system)),
            is_batch=False,
        )
        saved = None
        if (folder / STATE_FILE).exists():
            saved = [replica], Start(start, partial(load_state, folder=folder), resumes=True)
        run(setup, [replica], saved, on_steps=counter.add)
    counter.finish()


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

    def finish(self) -> None:
        """Report completion, including the steps that unstable runs omitted."""
        self.add(self._total - self._done)
