"""Nothing in a run directory is unpickled, and no name or link leads out of it."""

import os

import numpy as np
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.run_directory import RunDirectory, read_arrays


@pytest.mark.parametrize("damage", ["pickled", "cut", "altered", "empty"])
def test_damaged_arrays_are_refused_by_name(tmp_path, damage):
    path = tmp_path / "arrays.npz"
    np.savez(path, a=np.array([object()], dtype=object) if damage == "pickled" else np.ones(100))
    whole = path.read_bytes()
    damaged = {"cut": whole[:-40], "altered": whole[:200] + b"?" + whole[201:], "empty": b""}
    path.write_bytes(damaged.get(damage, whole))
    with pytest.raises(RunDirectoryError, match=f"cannot read {path}"):
        read_arrays(path)


@pytest.mark.parametrize("name", ["..", ".", "", "../out", "/etc", "a/b", "a\\b", "a\0b"])
def test_no_name_leads_out_of_the_run_directory(tmp_path, name):
    directory = RunDirectory.create(tmp_path / "run")
    for folder in (directory.system, lambda name: directory.run("water", name)):
        with pytest.raises(RunDirectoryError, match="cannot be the name of a folder"):
            folder(name)


def test_no_link_leads_out_of_the_run_directory(tmp_path):
    directory = RunDirectory.create(tmp_path / "run")
    os.symlink(tmp_path, directory.root / "water")
    with pytest.raises(RunDirectoryError, match=r"is a link, expected a folder of the run"):
        directory.system("water")
