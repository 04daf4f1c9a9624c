"""The files of a run are checked before it is resumed; see also pipeline/test_kills.py."""

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

from .conftest import stop_at


def test_only_intact_files_are_resumed(run, reference, job, tmp_path):
    # In blocks of NVE, and at the end of the equilibration.
    for name, step in (("later", 800), ("early", 200)):
        with pytest.raises(KeyboardInterrupt):
            run(job(), tmp_path / name, reference, stop_at(step))
        check_saved_run(tmp_path / name)
    path = tmp_path / "early" / "equilibration.chk"
    content = path.read_bytes()
    for damaged, expected in (
        (content[:-1], "its end is missing"),
        (content[1:], "its contents were changed"),
        (content.replace(b"checkpoint 1 sha", b"checkpoint 2 sha"), "it is of version 2"),
        (b"", "cannot resume from"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(RunDirectoryError, match=expected):
            check_saved_run(tmp_path / "early")


def test_a_frame_with_infinite_positions_is_not_written(water, job, tmp_path):
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
