"""Replicas that are stepped together; unstable ones are isolated."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import openmm
from openmm import app, unit

from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import FloatArray, positions_angstrom, time_ps
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.states import Content, copy_simulation
from openmm_mlff.units import nm_from_angstrom

_MOST_STEPS_AT_ONCE = 10
"""So that Python can handle an interrupt."""


class Stepper:
    """Steps all replicas and calls the reporters of each.

    An unstable replica is recorded as failed and writes no more.  At every further report it is
    reset to its start, at rest, so that its numbers remain finite.  The others are not affected.

    Args:
        context: of all replicas, with a ``VerletIntegrator``.
        replicas: one per copy, in order.
        content: what the Context holds.
        topology: of one copy.
    """

    def __init__(
        self,
        context: openmm.Context,
        replicas: Sequence[Replica],
        *,
        content: Content,
        topology: app.Topology,
    ) -> None:
        self.context = context
        self.replicas = list(replicas)
        self.content = content
        self._integrator = context.getIntegrator()
        self._view = copy_simulation(content.single, topology, self._integrator)
        job = self.replicas[0].job
        self._row_interval = job.energy_interval_steps
        self._frame_interval = job.frame_interval_steps

    @property
    def current_step(self) -> int:
        """Step of all replicas."""
        return int(self.context.getStepCount())

    @property
    def alive(self) -> list[Replica]:
        """Replicas that are stable."""
        return [replica for replica in self.replicas if not replica.is_failed]

    def step(self, steps: int) -> None:
        """Advance all replicas until `steps` are done or all have failed.

        Raises:
            OpenMMException: OpenMM or the potential failed, not because of a copy's coordinates.
        """
        end = self.current_step + steps
        while self.alive and (before := self.current_step) < end:
            try:
                self._integrator.step(
                    min(end - before, self._until_report(before), _MOST_STEPS_AT_ONCE)
                )
            except openmm.OpenMMException as error:
                self._fail_lost(error)
            step = self.current_step
            if step > before:
                self.report(
                    rows=step % self._row_interval == 0, frame=step % self._frame_interval == 0
                )

    def report(self, *, rows: bool, frame: bool) -> None:
        """Write the due rows or frame of each replica; isolate unstable ones.

        Raises:
            OpenMMException: OpenMM or the potential failed, not because of a copy's coordinates.
        """
        if not rows and not frame:
            return
        self._view.currentStep = self.current_step
        states = self._states() if rows else self.content.frames(self.context)
        for replica, state in zip(self.replicas, states, strict=True):
            if replica.is_failed or replica.streams is None:
                continue
            try:
                replica.streams.report(self._view, state, rows=rows, frame=frame)
            except UnstableError as error:
                replica.fail(error)
        self._reset_failed()

    def _until_report(self, step: int) -> int:
        return min(
            self._row_interval - step % self._row_interval,
            self._frame_interval - step % self._frame_interval,
        )

    def _states(self) -> Sequence[Any]:
        """Return the States after resetting copies that the platform refuses."""
        while True:
            try:
                return self.content.states(self.context)
            except openmm.OpenMMException as error:
                self._fail_lost(error)

    def _fail_lost(self, error: openmm.OpenMMException) -> None:
        """Fail the copies with non-finite numbers; raise the error if there are none."""
        state = self.context.getState(positions=True)
        positions = self._by_copy(positions_angstrom(state))
        lost = np.asarray(~np.isfinite(positions).all(axis=2))
        broken = np.asarray(lost.any(axis=1))
        if not broken.any() and "NaN" in str(error):
            broken = ~np.isfinite(self.content.energies_ev(positions))
        if not broken.any():
            raise error
        for copy in np.flatnonzero(broken):
            if not self.replicas[copy].is_failed:
                self.replicas[copy].fail(
                    UnstableError.lost(
                        lost[copy], time_ps=time_ps(state), step=self.current_step, error=error
                    )
                )
        self._reset_failed()

    def _reset_failed(self) -> None:
        """Reset failed copies to their start, at rest, leaving the others bitwise unchanged."""
        failed = [copy for copy, replica in enumerate(self.replicas) if replica.is_failed]
        if not failed:
            return
        state = self.context.getState(positions=True, velocities=True)
        positions = self._by_copy(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
        velocities = self._by_copy(state.getVelocities(asNumpy=True)._value)
        for copy in failed:
            positions[copy] = nm_from_angstrom(self.replicas[copy].start_angstrom)
            velocities[copy] = 0.0
        self.context.setPositions(positions.reshape(-1, 3))
        self.context.setVelocities(velocities.reshape(-1, 3))

    def _by_copy(self, vectors: FloatArray) -> FloatArray:
        return np.array(vectors, dtype=np.float64).reshape(len(self.replicas), -1, 3)
