"""Several trajectories of one molecule in one OpenMM Context."""

from collections.abc import Sequence
from pathlib import Path

import numpy.typing as npt

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.simulation.dynamics import Progress
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import RUNNING, TrajectoryRecord
from openmm_mlff.simulation.replicas.production import OnSteps, Place, begin, produce
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.saving import PREVIOUS_FILE, saved_batch
from openmm_mlff.simulation.replicas.start import check_alike, starts_of


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
        potential: see :func:`~openmm_mlff.simulation.replicas.system.replica_system`.
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
        raise ConfigError("two replicas have one and the same folder; expected one folder each")
    starts = starts_of(start_positions_angstrom, n_runs=len(runs), n_atoms=molecule.n_atoms)
    replicas = [
        Replica(job, folder, TrajectoryRecord.open(folder, job, platform=platform), start)
        for (job, folder), start in zip(runs, starts, strict=True)
    ]
    waiting = [replica for replica in replicas if not replica.record.is_settled]
    counter = _Counter(replicas, on_progress)
    counter.add(sum(replica.n_all_steps for replica in replicas if replica not in waiting))
    if waiting:
        place = Place(potential, molecule, platform, precision)
        _run(place, waiting, _members(replicas), on_steps=counter.add)
    for replica in replicas:
        (replica.folder / PREVIOUS_FILE).unlink(missing_ok=True)
    counter.finish()


def _members(replicas: list[Replica]) -> list[Replica]:
    """Return the replicas of the Context: those to continue, and those that failed in it."""
    return [
        replica
        for replica in replicas
        if not replica.record.is_settled
        or (replica.is_failed and replica.record.n_degrees_of_freedom is not None)
    ]


def _run(
    place: Place, waiting: list[Replica], members: list[Replica], *, on_steps: OnSteps
) -> None:
    """Resume replicas from their saved states, or start them."""
    for replica in waiting:
        replica.record.status, replica.record.failure = RUNNING, None
    saved = saved_batch(members, platform=place.platform)
    if saved is None:
        begun, fresh = begin(place, waiting, on_steps=on_steps)
        if begun:
            produce(place, begun, fresh, on_steps=on_steps)
        return
    on_steps(sum(replica.job.n_equilibration_steps + saved.step for replica in waiting))
    produce(place, members, saved, on_steps=on_steps)


class _Counter:
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
