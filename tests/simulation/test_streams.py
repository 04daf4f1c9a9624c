"""A run's files, looked at before it is gone on with; see also pipeline/test_kills.py."""

from contextlib import closing

import numpy as np
import openmm
import pytest
from openmm import unit

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.states import copy_simulation, copy_state
from openmm_mlff.simulation.streams import Streams, check_saved_run
from openmm_mlff.simulation.topology import openmm_topology


@pytest.fixture
def stopped(run, reference, job, tmp_path):
    """Give the folder of a run that was stopped after so many steps, equilibration included."""

    def stopped(at):
        def stop(done, _total):
            if done >= at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(job(), tmp_path, reference, stop)
        return tmp_path

    return stopped


def test_what_a_stop_leaves_is_whole(stopped):
    check_saved_run(stopped(800))


def test_a_damaged_equilibration_is_told(stopped):
    folder = stopped(200)
    check_saved_run(folder)
    path = folder / "equilibration.chk"
    content = path.read_bytes()
    for damaged, expected in (
        (content[:-1], "its end is missing"),
        (content[1:], "its contents were changed"),
        (content.replace(b"checkpoint 1 sha", b"checkpoint 2 sha"), "it is of version 2"),
        (b"", "cannot resume from"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(RunDirectoryError, match=expected):
            check_saved_run(folder)


def test_a_frame_of_broken_numbers_is_not_written(water, job, tmp_path):
    streams = Streams(
        tmp_path,
        job(),
        water,
        start_positions_angstrom=water.positions_angstrom,
        n_degrees_of_freedom=3,
        resume_after_step=None,
    )
    view = copy_simulation(openmm.System(), openmm_topology(water), openmm.VerletIntegrator(0.0005))
    view.currentStep = 16
    broken = water.positions_angstrom / 10.0
    broken[1, 1] = np.inf
    frame = copy_state(
        Time=0.008 * unit.picosecond, Positions=unit.Quantity(broken, unit.nanometer)
    )
    with (
        closing(streams),
        pytest.raises(UnstableError, match=r"0\.0080 ps \(step 16\): coordinates of 1 atoms"),
    ):
        streams.report(view, frame, rows=False, frame=True)
    assert not (tmp_path / "trajectory.dcd").exists()
