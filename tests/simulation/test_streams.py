"""A run's files, looked at before it is gone on with; see also pipeline/test_kills.py."""

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.simulation import run_trajectory
from openmm_mlff.simulation.streams import check_saved_run


@pytest.fixture
def stopped(water_system, water, water_minimum, reference, job, tmp_path):
    """Give the folder of a run that was stopped after so many steps, equilibration included."""

    def run(at):
        def stop(done, _total):
            if done >= at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_trajectory(
                water_system,
                water,
                job(),
                tmp_path,
                platform=reference,
                start_positions_angstrom=water_minimum,
                on_progress=stop,
            )
        return tmp_path

    return run


def test_what_a_stop_leaves_is_whole(stopped):
    check_saved_run(stopped(800))


def test_a_damaged_equilibration_is_told(stopped):
    folder = stopped(200)
    check_saved_run(folder)
    path = folder / "equilibration.chk"
    content = path.read_bytes()
    for damaged, expected in (
        (content[:-1], "its contents were changed"),
        (b"2" + content[1:], "it is of version 2, this program writes 1"),
        (b"", "cannot resume from"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(RunDirectoryError, match=expected):
            check_saved_run(folder)
