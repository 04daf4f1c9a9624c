"""Files of others are read up to a limit, and what they say is shown, not obeyed."""

import json
import os
import time

import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, MoleculeError, RunDirectoryError
from openmm_mlff.foreign_text import (
    MEBIBYTE,
    MOST_STRUCTURE_BYTES,
    printable,
    printable_values,
    read_json,
    read_text,
    read_toml,
)
from openmm_mlff.molecules import load_systems
from openmm_mlff.rundir import RunDirectory
from openmm_mlff.rundir import read_json as read_run_json

ESCAPE = "\x1b[2J\x1b]0;title\x07"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Å ± 5 σ – ✔", "Å ± 5 σ – ✔"),
        ("two\n\tlines", "two\n\tlines"),
        ("two\r\nlines", "two\nlines"),
        (ESCAPE, "�[2J�]0;title�"),
        ("over\rwritten", "over�written"),
        ("\u202eevil", "�evil"),
        ("\x9b31m", "�31m"),
        ("half \ud800", "half �"),
    ],
)
def test_what_is_obeyed_elsewhere_is_shown(text, shown):
    assert printable(text) == shown
    assert printable_values({text: [text, (1, None)]}) == {shown: [shown, (1, None)]}


def sparse(path, *, mebibytes):
    """Make a file that is large and takes no room."""
    with path.open("wb") as file:
        file.truncate(mebibytes * MEBIBYTE)
    return path


def test_large_files_are_refused_before_they_are_read(tmp_path):
    protocol = sparse(tmp_path / "large.toml", mebibytes=100)
    begun = time.perf_counter()
    with pytest.raises(ConfigError, match=r"it holds 100 MiB or more, and 16 MiB is the most"):
        load_protocol(str(protocol))
    with pytest.raises(ValueError, match=r"16 MiB is the most"):
        read_json(protocol)
    with pytest.raises(RunDirectoryError, match=r"256 MiB is the most"):
        read_run_json(sparse(tmp_path / "run.json", mebibytes=300))
    folder = tmp_path / "molecule"
    folder.mkdir()
    sparse(folder / "system.toml", mebibytes=100)
    with pytest.raises(MoleculeError, match=r"16 MiB is the most"):
        load_systems(folder)
    large = sparse(tmp_path / "large.xyz", mebibytes=MOST_STRUCTURE_BYTES // MEBIBYTE + 1)
    with pytest.raises(MoleculeError, match=r"1024 MiB is the most"):
        load_systems(large)
    assert time.perf_counter() - begun < 1.0


def test_a_device_that_never_ends_is_left(tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=r"16 MiB is the most"):
        load_protocol(str(tmp_path / "endless.toml"))


def test_deep_nesting_is_refused(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(deep)
    with pytest.raises(RunDirectoryError, match="nested too deeply"):
        read_run_json(deep)
    table = tmp_path / "deep.toml"
    table.write_text("a = " + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_protocol(str(table))


def test_a_sound_file_is_read(tmp_path):
    path = tmp_path / "sound.json"
    path.write_text(json.dumps({"a": [1, 2]}))
    assert read_json(path) == {"a": [1, 2]}
    assert read_text(path) == '{"a": [1, 2]}'
    path.write_text("a = [1, 2]")
    assert read_toml(path) == {"a": [1, 2]}


@pytest.mark.parametrize("name", ["..", ".", "", "../out", "/etc", "a/b", "a\\b", "a\0b"])
def test_no_name_leads_out_of_the_run_directory(tmp_path, name):
    directory = RunDirectory.create(tmp_path / "run")
    with pytest.raises(RunDirectoryError, match="cannot be the name of a folder"):
        directory.system(name)
    with pytest.raises(RunDirectoryError, match="cannot be the name of a folder"):
        directory.run("water", name)


def test_no_link_leads_out_of_the_run_directory(tmp_path):
    directory = RunDirectory.create(tmp_path / "run")
    os.symlink(tmp_path, directory.root / "water")
    with pytest.raises(RunDirectoryError, match=r"is a link, expected a folder of the run"):
        directory.write_probe("water", "determinism")


SYSTEM = """
name = {name}
title = "water"
formula = "H2O"
charge = 0
multiplicity = 1
structure = {structure}
source = "made up"
smiles = "O"
"""


@pytest.mark.parametrize(
    ("name", "structure", "said"),
    [
        ('"../../evil"', '"w.xyz"', "name is '../../evil'; expected one name"),
        ('"/evil"', '"w.xyz"', "name is '/evil'; expected one name"),
        ('"water"', '"../w.xyz"', "structure is '../w.xyz'; expected one name"),
        ('"water"', '"/etc/passwd"', "structure is '/etc/passwd'; expected one name"),
        ("5", '"w.xyz"', "name is 5; expected one name"),
    ],
)
def test_a_folder_of_ones_own_names_nothing_outside(tmp_path, name, structure, said):
    text = SYSTEM.format(name=name, structure=structure)
    (tmp_path / "system.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MoleculeError, match=said):
        load_systems(tmp_path)
