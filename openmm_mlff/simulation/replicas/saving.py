"""Save and restore the states of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.checkpoints import STATE_FILE, Pace, read_state, write_state
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.stepping import ReplicaStepper
from openmm_mlff.simulation.replicas.views import split_positions, split_velocities
from openmm_mlff.units import nm_from_angstrom, ps_from_fs

PREVIOUS_FILE = "state.previous.xml"
"""Previous state: if a save is interrupted between replicas, all still have a state of one step."""


class StateWriter:
    """Writes the `state.xml` of one copy in the format of a single run."""

    def __init__(self, molecule: MolecularSystem, *, timestep_fs: float) -> None:
        self._context = openmm.Context(
            bare_system(molecule),
            openmm.VerletIntegrator(ps_from_fs(timestep_fs)),
            openmm.Platform.getPlatformByName("Reference"),
        )

    def write(
        self,
        folder: Path,
        *,
        positions_nm: FloatArray,
        velocities_nm_per_ps: FloatArray,
        time: unit.Quantity,
        step: int,
    ) -> None:
        """Write the state of one copy, with positions and velocities (N, 3)."""
        self._context.setPositions(positions_nm)
        self._context.setVelocities(velocities_nm_per_ps)
        self._context.setTime(time)
        self._context.setStepCount(step)
        state = self._context.getState(positions=True, velocities=True, parameters=True)
        write_state(folder, state, keep_as=folder / PREVIOUS_FILE)


class BatchSaver:
    """Writes `state.xml` and `run.json` of every stable replica, with the times in `shared`."""

    def __init__(
        self, stepper: ReplicaStepper, molecule: MolecularSystem, *, shared: TrajectoryRecord
    ) -> None:
        self._stepper = stepper
        self._shared = shared
        self._writer = StateWriter(molecule, timestep_fs=stepper.replicas[0].job.timestep_fs)
        self._pace = Pace()

    def save(self) -> None:
        """Save all streams, then all states, then all records."""
        with self._pace:
            step = self._stepper.currentStep
            alive = [replica for replica in self._stepper.replicas if not replica.is_failed]
            for replica in alive:
                if replica.streams is not None:
                    replica.streams.sync()
            self._write_states()
            for replica in alive:
                replica.record.n_steps_done = step
                replica.write(together=len(self._stepper.replicas), shared=self._shared)

    def save_if_cheap(self) -> None:
        """Save unless that costs more than 1 % of the time since the last save."""
        if self._pace.is_due():
            self.save()

    def _write_states(self) -> None:
        replicas = self._stepper.replicas
        state = self._stepper.context.getState(positions=True, velocities=True)
        positions = split_positions(state, n_copies=len(replicas))
        velocities = split_velocities(state, n_copies=len(replicas))
        for copy, replica in enumerate(replicas):
            if not replica.is_failed:
                self._writer.write(
                    replica.folder,
                    positions_nm=positions[copy],
                    velocities_nm_per_ps=velocities[copy],
                    time=state.getTime(),
                    step=self._stepper.currentStep,
                )


@dataclass(frozen=True)
class SavedBatch:
    """Saved state of all replicas at the same step.

    Attributes:
        positions_nm: (n, N, 3).
        velocities_nm_per_ps: as stored by the integrator, (n, N, 3).
    """

    positions_nm: FloatArray
    velocities_nm_per_ps: FloatArray
    time: unit.Quantity
    step: int

    def hand_over(self, stepper: ReplicaStepper) -> None:
        """Set velocities, time and step; the positions are already set."""
        context = stepper.context
        context.setVelocities(self.velocities_nm_per_ps.reshape(-1, 3))
        context.setTime(self.time)
        context.setStepCount(self.step)


def saved_batch(replicas: Sequence[Replica], *, platform: PlatformChoice) -> SavedBatch | None:
    """Return the states of the last step that all replicas have in common.

    Replicas that failed in this batch have no state, and are at rest at their start.  Return None,
    so that all restart, if there is no common step or one used another platform.
    """
    going = [replica for replica in replicas if not replica.is_failed]
    ran_on = {(replica.record.platform, replica.record.precision) for replica in going}
    if ran_on != {(platform.name, platform.precision)}:
        return None
    states = {replica.folder: _states(replica.folder) for replica in going}
    steps = set.intersection(*(set(found) for found in states.values()))
    if not steps:
        return None
    step = max(steps)
    found = {folder: by_step[step] for folder, by_step in states.items()}
    positions = np.stack([nm_from_angstrom(replica.start_angstrom) for replica in replicas])
    velocities = np.zeros_like(positions)
    for copy, replica in enumerate(replicas):
        if not replica.is_failed:
            state = found[replica.folder]
            positions[copy] = split_positions(state, n_copies=1)[0]
            velocities[copy] = split_velocities(state, n_copies=1)[0]
    return SavedBatch(positions, velocities, found[going[0].folder].getTime(), step)


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
