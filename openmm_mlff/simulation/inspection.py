"""Check the files of a run before it is resumed, without modifying them."""

from pathlib import Path

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters.trajectory import check_dcd
from openmm_mlff.rows import check_csv
from openmm_mlff.rundir import ENERGY_COLUMNS, MOMENTUM_COLUMNS, RUN_FILE, read_json
from openmm_mlff.simulation.checkpoints import (
    EQUILIBRATION_FILE,
    STATE_FILE,
    read_equilibration,
    read_state,
)
from openmm_mlff.simulation.streams import ENERGIES_FILE, MOMENTA_FILE, TRAJECTORY_FILE


def check_saved_run(folder: Path) -> None:
    """Check that a run's state is intact and that its streams extend to it.

    Raises:
        RunDirectoryError: a file is damaged, or lacks rows or frames.
    """
    record = read_json(folder / RUN_FILE)
    if (folder / EQUILIBRATION_FILE).exists():
        read_equilibration(folder / EQUILIBRATION_FILE)
    if not (folder / STATE_FILE).exists():
        return
    step = int(read_state(folder / STATE_FILE).getStepCount())
    try:
        row_interval = int(record["energy_interval_steps"])
        frame_interval = int(record["frame_interval_steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunDirectoryError(
            f"{folder / RUN_FILE} says no intervals; the run cannot be resumed: delete its folder"
        ) from error
    for name, columns in ((ENERGIES_FILE, ENERGY_COLUMNS), (MOMENTA_FILE, MOMENTUM_COLUMNS)):
        check_csv(folder / name, columns, last_step=step, interval=row_interval)
    if step >= frame_interval:
        check_dcd(folder / TRAJECTORY_FILE, n_frames=step // frame_interval)
