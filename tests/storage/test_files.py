"""Files whole or not at all, and what counts as a full disk."""

import errno
import os
import time

import numpy as np
import pytest

from openmm_mlff.storage.files import (
    remove_parts,
    replacing,
    storage_failure,
    write_text,
)
from openmm_mlff.storage.run_directory import write_arrays


def test_what_breaks_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "before")

    def break_half_way():
        with replacing(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_half_way()
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_the_one_before_may_be_kept(tmp_path):
    path, before = tmp_path / "a.txt", tmp_path / "b.txt"
    for text in ("one", "two", "three"):
        write_text(path, text, keep_as=before)
    assert (path.read_text(), before.read_text()) == ("three", "two")


def test_the_same_arrays_give_the_same_bytes(tmp_path, monkeypatch):
    arrays = {"x": np.arange(6.0).reshape(2, 3), "n": np.array([1, 2])}
    write_arrays(tmp_path / "a.npz", arrays)
    monkeypatch.setattr(time, "time", lambda: 1e9)
    write_arrays(tmp_path / "b.npz", arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as data:
        np.testing.assert_array_equal(data["x"], arrays["x"])
        np.testing.assert_array_equal(data["n"], arrays["n"])


def test_parts_that_a_kill_left_are_removed(tmp_path):
    (tmp_path / "water").mkdir()
    (tmp_path / "water" / ".state.xml.12.part").write_text("half")
    (tmp_path / "water" / "state.xml").write_text("whole")
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["state.xml"]


def test_a_full_disk_is_found_behind_other_errors():
    def raised():
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as full:
            raise RuntimeError("cannot save") from full

    with pytest.raises(RuntimeError) as error:
        raised()
    assert storage_failure(error.value).errno == errno.ENOSPC
    assert storage_failure(FileNotFoundError(errno.ENOENT, "no file")) is None
    assert storage_failure(ValueError("else")) is None
