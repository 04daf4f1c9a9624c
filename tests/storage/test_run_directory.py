"""Files are whole or absent, streams lose nothing that was written, and nothing is unpickled."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import load_system
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import (
    RunDirectory,
    molecule_from_json,
    molecule_to_json,
    read_arrays,
    read_json,
    run_name,
    write_json,
)
from openmm_mlff.storage.streams import CsvStream, read_csv

COLUMNS = ("step", "value")


def fill(path, steps, **options):
    stream = CsvStream(path, COLUMNS, **options)
    for step in steps:
        stream.append([step, step / 3])
    stream.close()


def test_a_write_that_breaks_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old"


def test_rows_are_there_before_the_stream_is_closed(tmp_path):
    stream = CsvStream(tmp_path / "s.csv", COLUMNS)
    stream.append([1, 0.1])
    assert read_csv(tmp_path / "s.csv", COLUMNS).tolist() == [[1.0, 0.1]]
    stream.close()


@given(last=st.integers(0, 12))
def test_a_resumed_stream_equals_one_that_was_never_stopped(tmp_path_factory, last):
    folder = tmp_path_factory.mktemp("stream")
    fill(folder / "whole.csv", range(10))
    fill(folder / "parts.csv", range(10))
    fill(folder / "parts.csv", range(min(last, 9) + 1, 10), resume_after_step=last)
    assert (folder / "parts.csv").read_bytes() == (folder / "whole.csv").read_bytes()


def test_a_row_cut_off_by_a_crash_is_left_out(tmp_path):
    fill(tmp_path / "s.csv", range(3))
    with (tmp_path / "s.csv").open("a") as file:
        file.write("3")
    assert read_csv(tmp_path / "s.csv", COLUMNS)[:, 0].tolist() == [0, 1, 2]


def test_a_stream_with_other_columns_is_not_resumed(tmp_path):
    fill(tmp_path / "s.csv", range(3))
    with pytest.raises(RunDirectoryError, match="the expected columns"):
        CsvStream(tmp_path / "s.csv", ("step", "other"), resume_after_step=1)


def test_a_missing_stream_is_empty_and_keeps_its_shape(tmp_path):
    assert read_csv(tmp_path / "absent.csv", COLUMNS).shape == (0, 2)


def test_numbers_that_are_not_finite_are_null_in_json(tmp_path):
    write_json(tmp_path / "a.json", {"x": np.array([1.0, np.nan])})
    assert read_json(tmp_path / "a.json") == {"x": [1.0, None]}


def test_damaged_json_is_one_clear_error(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(RunDirectoryError, match="expected a file of a run directory"):
        read_json(tmp_path / "a.json")


def test_a_molecule_survives_the_way_through_json(tmp_path):
    molecule = load_system("alanine")
    write_json(tmp_path / "m.json", molecule_to_json(molecule))
    again = molecule_from_json(read_json(tmp_path / "m.json"))
    assert again.sha256 == molecule.sha256
    assert again.bonds == molecule.bonds


@pytest.mark.parametrize("damage", ["pickled", "cut", "altered", "empty"])
def test_damaged_arrays_are_refused_by_name(tmp_path, damage):
    path = tmp_path / "arrays.npz"
    np.savez(path, a=np.array([object()], dtype=object) if damage == "pickled" else np.ones(100))
    whole = path.read_bytes()
    damaged = {"cut": whole[:-40], "altered": whole[:200] + b"?" + whole[201:], "empty": b""}
    path.write_bytes(damaged.get(damage, whole))
    with pytest.raises(RunDirectoryError, match=f"cannot read {path}"):
        read_arrays(path)


def test_an_output_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="choose another with --output"):
        RunDirectory.create(tmp_path / "file" / "out")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        RunDirectory.open(tmp_path)


def test_run_folders_are_named_by_their_condition():
    name = run_name(ensemble="nve", temperature_kelvin=300.0, timestep_fs=0.5, replica=0)
    assert name == "nve_300K_0.5fs_r0"
