"""The files of a run are checked before it is resumed; see also pipeline/test_kills.py."""

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.simulation.streams import check_saved_run

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
