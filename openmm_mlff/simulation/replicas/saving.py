"""States of a batch, copy by copy, and how a batch goes on from them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.rundir import write_text
from openmm_mlff.simulation.checkpoints import STATE_FILE
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.stepping import ReplicaStepper
from openmm_mlff.simulation.replicas.views import split_positions, split_velocities
from openmm_mlff.simulation.states import deserialize_state
from openmm_mlff.units import ps_from_fs

_LARGEST_SHARE = 0.01
"""Of the run time that may go into saving."""


class StateWriter:
    """Writes the `state.xml` of one copy, as a run alone writes it.

    Args:
        molecule: one copy.
        timestep_fs: of the run.
    """

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
        """Write the state of one copy.

        Args:
            folder: of its run.
            positions_nm: (N, 3), nm.
            velocities_nm_per_ps: (N, 3), nm/ps.
            time: of the batch.
            step: of the batch.
        """
        self._context.setPositions(positions_nm)
        self._context.setVelocities(velocities_nm_per_ps)
        self._context.setTime(time)
        self._context.setStepCount(step)
        state = self._context.getState(positions=True, velocities=True, parameters=True)
        write_text(folder / STATE_FILE, openmm.XmlSerializer.serialize(state))


class BatchSaver:
    """Writes `state.xml` and `run.json` of every replica that has not gone wrong.

    Args:
        stepper: whose copies are saved.
        molecule: one copy.
        shared: the times of the batch.
    """

    def __init__(
        self, stepper: ReplicaStepper, molecule: MolecularSystem, *, shared: TrajectoryRecord
    ) -> None:
        self._stepper = stepper
        self._shared = shared
        self._writer = StateWriter(molecule, timestep_fs=stepper.replicas[0].job.timestep_fs)
        self._saved_at = 0.0
        self._cost_s = 0.0

    def save(self) -> None:
        """Save now."""
        start = time.perf_counter()
        replicas, step = self._stepper.replicas, self._stepper.currentStep
        state = self._stepper.context.getState(positions=True, velocities=True)
        positions = split_positions(state, n_copies=len(replicas))
        velocities = split_velocities(state, n_copies=len(replicas))
        for copy, replica in enumerate(replicas):
            if replica.is_failed:
                continue
            self._writer.write(
                replica.folder,
                positions_nm=positions[copy],
                velocities_nm_per_ps=velocities[copy],
                time=state.getTime(),
                step=step,
            )
            replica.record.n_steps_done = step
            replica.write(together=len(replicas), shared=self._shared)
        self._saved_at = time.perf_counter()
        self._cost_s = self._saved_at - start

    def save_if_cheap(self) -> None:
        """Save unless that would cost more than a hundredth of the time since the last."""
        if time.perf_counter() - self._saved_at >= self._cost_s / _LARGEST_SHARE:
            self.save()


@dataclass(frozen=True)
class SavedBatch:
    """Where all replicas stopped, at one and the same step.

    Attributes:
        positions_nm: (n, N, 3), nm.
        velocities_nm_per_ps: as the integrator holds them, (n, N, 3), nm/ps.
        time: of all.
        step: of all.
    """

    positions_nm: FloatArray
    velocities_nm_per_ps: FloatArray
    time: unit.Quantity
    step: int

    def hand_over(self, stepper: ReplicaStepper) -> None:
        """Set velocities, time and step; positions are set.

        Args:
            stepper: of all copies.
        """
        context = stepper.context
        context.setVelocities(self.velocities_nm_per_ps.reshape(-1, 3))
        context.setTime(self.time)
        context.setStepCount(self.step)


def saved_batch(replicas: Sequence[Replica], *, platform: PlatformChoice) -> SavedBatch | None:
    """Find where replicas stopped.

    Args:
        replicas: those that are to go on.
        platform: where they are to go on.

    Returns:
        None where one has no state, another step or another platform: then all start anew.
    """
    states = []
    for replica in replicas:
        try:
            text = (replica.folder / STATE_FILE).read_text(encoding="utf-8")
            states.append(deserialize_state(text))
        except (openmm.OpenMMException, ValueError, OSError):
            return None
    steps = {int(state.getStepCount()) for state in states}
    ran_on = {(replica.record.platform, replica.record.precision) for replica in replicas}
    if len(steps) != 1 or ran_on != {(platform.name, platform.precision)}:
        return None
    try:
        positions = np.concatenate([split_positions(state, n_copies=1) for state in states])
        velocities = np.concatenate([split_velocities(state, n_copies=1) for state in states])
    except (openmm.OpenMMException, ValueError):
        return None
    return SavedBatch(positions, velocities, states[0].getTime(), steps.pop())
