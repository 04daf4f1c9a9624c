"""Step copies in one Context; isolate unstable ones."""

from collections.abc import Sequence

import numpy as np
import openmm
from openmm import unit

from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import masses_amu, time_ps
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.module import CopyEnergies
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.views import (
    CopyFrame,
    CopySimulation,
    CopyState,
    split_frames,
    split_positions,
    split_state,
    split_velocities,
)
from openmm_mlff.units import angstrom_from_nm, nm_from_angstrom

_MOST_STEPS_AT_ONCE = 10
"""So that Python can handle an interrupt."""


class ReplicaStepper:
    """Steps all copies and calls the reporters of each.

    An unstable copy is recorded as failed and writes no more.  At every further report it is reset
    to its start, at rest, so that its numbers remain finite.  The others are not affected.

    Args:
        context: of all copies, with a ``VerletIntegrator``.
        replicas: one per copy, in order.
        view: Simulation of one copy, for the reporters.
        energies_ev: potential energies of each copy.
        shared: record for the times of the batch.
    """

    def __init__(
        self,
        context: openmm.Context,
        replicas: Sequence[Replica],
        *,
        view: CopySimulation,
        energies_ev: CopyEnergies,
        shared: TrajectoryRecord,
    ) -> None:
        self.context = context
        self.system = context.getSystem()
        self.replicas = list(replicas)
        self._view = view
        self._energies_ev = energies_ev
        self._shared = shared
        self._masses_amu = masses_amu(view.system)
        self._integrator = context.getIntegrator()
        self._timestep_ps = float(self._integrator.getStepSize().value_in_unit(unit.picosecond))
        job = self.replicas[0].job
        self._row_interval, self._frame_interval = (
            job.energy_interval_steps,
            job.frame_interval_steps,
        )

    @property
    def currentStep(self) -> int:  # noqa: N802
        """Step of all copies, named as in ``openmm.app.Simulation``."""
        return int(self.context.getStepCount())

    @property
    def is_alive(self) -> bool:
        """Whether any copy is stable."""
        return not all(replica.is_failed for replica in self.replicas)

    def step(self, n_steps: int) -> None:
        """Advance all copies until `n_steps` are done or all have failed.

        Raises:
            OpenMMException: OpenMM or the potential failed, not because of a copy's coordinates.
        """
        end = self.currentStep + n_steps
        while self.is_alive and (before := self.currentStep) < end:
            try:
                self._integrator.step(min(self._until_report(), end - before, _MOST_STEPS_AT_ONCE))
            except openmm.OpenMMException as error:
                self._take_out_lost(error)
            step = self.currentStep
            if step > before:
                self.report(
                    rows=step % self._row_interval == 0, frame=step % self._frame_interval == 0
                )

    def report(self, *, rows: bool, frame: bool) -> None:
        """Write the due rows or frame of each copy; isolate unstable ones.

        Raises:
            OpenMMException: OpenMM or the potential failed, not because of a copy's coordinates.
        """
        if not rows and not frame:
            return
        self._view.currentStep = self.currentStep
        states: Sequence[CopyFrame] = self._states() if rows else self._frames()
        for replica, state in zip(self.replicas, states, strict=True):
            if replica.is_failed:
                continue
            try:
                replica.report(self._view, state, rows=rows, frame=frame)
            except UnstableError as error:
                self._fail(replica, error)
        self._put_back_failed()

    def _until_report(self) -> int:
        step = self.currentStep
        return min(
            self._row_interval - step % self._row_interval,
            self._frame_interval - step % self._frame_interval,
        )

    def _frames(self) -> list[CopyFrame]:
        return split_frames(self.context.getState(positions=True), n_copies=len(self.replicas))

    def _states(self) -> list[CopyState]:
        """Return the States after resetting copies that the platform refuses."""
        while True:
            try:
                state = self.context.getState(positions=True, velocities=True, forces=True)
            except openmm.OpenMMException as error:
                self._take_out_lost(error)
                continue
            return split_state(
                state,
                energies_ev=self._energies_ev,
                masses_amu=self._masses_amu,
                timestep_ps=self._timestep_ps,
                n_copies=len(self.replicas),
            )

    def _take_out_lost(self, error: openmm.OpenMMException) -> None:
        """Fail the copies with non-finite numbers; raise the error if there are none."""
        state = self.context.getState(positions=True)
        placed = split_positions(state, n_copies=len(self.replicas))
        lost = np.asarray(~np.isfinite(placed).all(axis=2))
        broken = np.asarray(lost.any(axis=1))
        if not broken.any() and "NaN" in str(error):
            broken = ~np.isfinite(self._energies_ev(angstrom_from_nm(placed)))
        if not broken.any():
            raise error
        reason = str(error).partition("For more information")[0].strip()
        time, step = time_ps(state), self.currentStep
        for copy in np.flatnonzero(broken):
            replica, atoms = self.replicas[copy], np.flatnonzero(lost[copy])
            if not replica.is_failed:
                message = (
                    f"at {time:.4f} ps (step {step}): coordinates of {len(atoms)} atoms are not "
                    f"numbers (OpenMM: {reason})"
                )
                unstable = UnstableError(
                    message, time_ps=time, step=step, atoms=tuple(int(atom) for atom in atoms)
                )
                self._fail(replica, unstable)
        self._put_back_failed()

    def _fail(self, replica: Replica, error: UnstableError) -> None:
        replica.fail(error, together=len(self.replicas), shared=self._shared)

    def _put_back_failed(self) -> None:
        """Reset failed copies to their start, at rest, leaving the others bitwise unchanged."""
        failed = [copy for copy, replica in enumerate(self.replicas) if replica.is_failed]
        if not failed:
            return
        state = self.context.getState(positions=True, velocities=True)
        positions = split_positions(state, n_copies=len(self.replicas))
        velocities = split_velocities(state, n_copies=len(self.replicas))
        for copy in failed:
            positions[copy] = nm_from_angstrom(self.replicas[copy].start_angstrom)
            velocities[copy] = 0.0
        self.context.setPositions(positions.reshape(-1, 3))
        self.context.setVelocities(velocities.reshape(-1, 3))
