"""Files are written whole or not at all, and read up to a limit with one-line errors."""

import errno
import os
import time

import numpy as np
import pytest

from openmm_mlff.campaign.spec import load_spec
from openmm_mlff.certificate.record import read_certificate
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, FileError, MoleculeError, RunDirectoryError
from openmm_mlff.molecules import load_systems
from openmm_mlff.storage.files import (
    read_json,
    read_text,
    read_toml,
    remove_parts,
    replacing,
    storage_failure,
    write_text,
)
from openmm_mlff.storage.run_directory import read_json as read_run_json
from openmm_mlff.storage.run_directory import write_arrays
from openmm_mlff.units import MEBIBYTE


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


def protocol(path):
    return load_protocol(str(path))


def system_folder(path):
    return load_systems(path.parent)


READERS = [
    (protocol, "p.toml", ConfigError, 16),
    (load_spec, "campaign.toml", ConfigError, 16),
    (system_folder, "system.toml", MoleculeError, 16),
    (read_json, "a.json", FileError, 16),
    (read_certificate, "certificate.json", RunDirectoryError, 16),
    (read_run_json, "run.json", RunDirectoryError, 256),
]


@pytest.mark.parametrize(
    ("read", "name", "error", "most_mib"), [*READERS, (load_systems, "a.xyz", MoleculeError, 1024)]
)
def test_large_files_are_refused_before_they_are_read(tmp_path, read, name, error, most_mib):
    path = tmp_path / name
    # A sparse file takes no room.
    with path.open("wb") as file:
        file.truncate((most_mib + 1) * MEBIBYTE)
    begun = time.perf_counter()
    with pytest.raises(error, match=f"is {most_mib + 1} MiB; expected at most {most_mib} MiB"):
        read(path)
    assert time.perf_counter() - begun < 1.0


@pytest.mark.parametrize(("read", "name", "error", "_"), READERS)
def test_deep_nesting_is_refused(tmp_path, read, name, error, _):
    key = "a = " if name.endswith(".toml") else ""
    (tmp_path / name).write_text(key + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(error, match="nested too deeply"):
        read(tmp_path / name)


def test_a_device_without_an_end_is_not_read(tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with pytest.raises(FileError, match="not a regular file"):
        read_toml(tmp_path / "endless.toml")


def test_valid_files_are_read(tmp_path):
    path = tmp_path / "a"
    path.write_text('{"a": [1, 2]}')
    assert read_json(path) == {"a": [1, 2]}
    assert read_text(path) == '{"a": [1, 2]}'
    path.write_text("a = [1, 2]")
    assert read_toml(path) == {"a": [1, 2]}
