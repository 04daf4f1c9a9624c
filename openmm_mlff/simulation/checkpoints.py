"""Saved states: often enough to lose little, seldom enough to cost nothing."""

import time
from pathlib import Path

import openmm
from openmm import app

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.rundir import write_text
from openmm_mlff.simulation.memory import update_memory
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.states import deserialize_state

STATE_FILE = "state.xml"

_LARGEST_SHARE = 0.01
"""Of the run time that may go into saving."""


class Saver:
    """Writes `state.xml` and `run.json`, in this order: streams are cut to the state.

    Args:
        simulation: whose state is saved.
        record: what `run.json` says.
        folder: of the run.
    """

    def __init__(self, simulation: app.Simulation, record: TrajectoryRecord, folder: Path) -> None:
        self._simulation = simulation
        self._record = record
        self._folder = folder
        self._saved_at = 0.0
        self._cost_s = 0.0

    def save(self) -> None:
        """Save now."""
        start = time.perf_counter()
        # The XML holds every digit; a binary checkpoint would be bound to this very machine.
        state = self._simulation.context.getState(positions=True, velocities=True, parameters=True)
        write_text(self._folder / STATE_FILE, openmm.XmlSerializer.serialize(state))
        self._record.n_steps_done = int(self._simulation.currentStep)
        update_memory(self._record)
        self._record.write(self._folder)
        self._saved_at = time.perf_counter()
        self._cost_s = self._saved_at - start

    def save_if_cheap(self) -> None:
        """Save unless that would cost more than a hundredth of the time since the last."""
        if time.perf_counter() - self._saved_at >= self._cost_s / _LARGEST_SHARE:
            self.save()


def load_state(simulation: app.Simulation, folder: Path) -> None:
    """Put a Simulation where `state.xml` left it: positions, velocities, time and step.

    Args:
        simulation: of the same System.
        folder: of the run.

    Raises:
        RunDirectoryError: the state is damaged or of another molecule.
    """
    path = folder / STATE_FILE
    try:
        state = deserialize_state(path.read_text(encoding="utf-8"))
        simulation.context.setState(state)
    except (openmm.OpenMMException, ValueError, OSError) as error:
        raise RunDirectoryError(
            f"cannot resume from {path} ({' '.join(str(error).split())}); delete the run's folder"
        ) from error
