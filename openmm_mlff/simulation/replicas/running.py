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
    """Run several trajectories of one isolated molecule, or what is left of them, as one batch.

    Each is equilibrated alone, by its own seed and at its own temperature; then all run at constant
    energy in one Context, where no copy feels another.  Each gives the trajectory that it gives
    alone, to rounding, and its folder holds the same files; `run.json` has one key more,
    `replicas`, and its times a step are those of the batch over this number.

    A run that is settled stays as it is.  The others go on from their saved states where all have
    one of the same step, on the same platform and in the same precision; else all of them start
    anew.  A run that goes wrong physically is no exception: its `run.json` says "failed", and why,
    and the others go on.

    Args:
        potential: see :func:`~openmm_mlff.simulation.replicas.system.replica_system`.
        molecule: what is run; its bonds are those that must hold.
        runs: jobs and their folders; timestep, duration and intervals are the same for all.
        platform: where they run.
        start_positions_angstrom: the minimum, (N, 3), or one a run, (n, N, 3), Å.
        precision: of the weights: ``single`` and ``mixed`` run float32, ``double`` float64.
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
    """Give who shares the Context: who is to go on, and who went wrong in it, not before."""
    return [
        replica
        for replica in replicas
        if not replica.record.is_settled
        or (replica.is_failed and replica.record.n_degrees_of_freedom is not None)
    ]


def _run(
    place: Place, waiting: list[Replica], members: list[Replica], *, on_steps: OnSteps
) -> None:
    """Run replicas from where they stopped, or from their starts."""
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
    """Tells the steps of all runs together."""

    def __init__(self, replicas: Sequence[Replica], on_progress: Progress | None) -> None:
        self._total = sum(replica.n_all_steps for replica in replicas)
        self._done = 0
        self._on_progress = on_progress

    def add(self, steps: int) -> None:
        """Note steps that are done."""
        self._done += steps
        if steps and self._on_progress is not None:
            self._on_progress(self._done, self._total)

    def finish(self) -> None:
        """Note that nothing is left; runs that went wrong left steps out."""
        self.add(self._total - self._done)
