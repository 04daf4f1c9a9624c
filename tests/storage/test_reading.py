"""Files of others are read up to a limit, and refused in one line."""

import json
import time

import pytest

from openmm_mlff.campaign.spec import load_spec
from openmm_mlff.certificate.record import read_certificate
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, FileError, MoleculeError, RunDirectoryError
from openmm_mlff.molecules import load_systems
from openmm_mlff.storage.files import MOST_STRUCTURE_BYTES, read_json, read_text, read_toml
from openmm_mlff.storage.run_directory import read_json as read_run_json
from openmm_mlff.units import MEBIBYTE


def sparse(path, *, mebibytes):
    """Make a file that is large and takes no room."""
    with path.open("wb") as file:
        file.truncate(mebibytes * MEBIBYTE)
    return path


def test_large_files_are_refused_before_they_are_read(tmp_path):
    protocol = sparse(tmp_path / "large.toml", mebibytes=100)
    begun = time.perf_counter()
    with pytest.raises(ConfigError, match=r"its size is 100 MiB; expected at most 16 MiB"):
        load_protocol(str(protocol))
    with pytest.raises(FileError, match=r"expected at most 16 MiB"):
        read_json(protocol)
    with pytest.raises(RunDirectoryError, match=r"expected at most 256 MiB"):
        read_run_json(sparse(tmp_path / "run.json", mebibytes=300))
    folder = tmp_path / "molecule"
    folder.mkdir()
    sparse(folder / "system.toml", mebibytes=100)
    with pytest.raises(MoleculeError, match=r"expected at most 16 MiB"):
        load_systems(folder)
    large = sparse(tmp_path / "large.xyz", mebibytes=MOST_STRUCTURE_BYTES // MEBIBYTE + 1)
    with pytest.raises(MoleculeError, match=r"expected at most 1024 MiB"):
        load_systems(large)
    assert time.perf_counter() - begun < 1.0


def test_a_device_that_never_ends_is_left(tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=r"not a regular file"):
        load_protocol(str(tmp_path / "endless.toml"))


def test_deep_nesting_is_refused(tmp_path):
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(FileError, match="nested too deeply"):
        read_json(deep)
    with pytest.raises(RunDirectoryError, match="nested too deeply"):
        read_run_json(deep)
    table = tmp_path / "deep.toml"
    table.write_text("a = " + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_protocol(str(table))


def test_campaigns_and_certificates_are_read_with_the_same_care(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read campaign .*expected at most 16 MiB"):
        load_spec(sparse(tmp_path / "campaign.toml", mebibytes=100))
    deep = tmp_path / "deep.toml"
    deep.write_text("a = " + "[" * 100_000 + "]" * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_spec(deep)
    with pytest.raises(RunDirectoryError, match=r"cannot read .*expected at most 16 MiB"):
        read_certificate(sparse(tmp_path / "certificate.json", mebibytes=100))
    nested = tmp_path / "nested.json"
    nested.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(RunDirectoryError, match="nested too deeply"):
        read_certificate(nested)


def test_a_sound_file_is_read(tmp_path):
    path = tmp_path / "sound.json"
    path.write_text(json.dumps({"a": [1, 2]}))
    assert read_json(path) == {"a": [1, 2]}
    assert read_text(path) == '{"a": [1, 2]}'
    path.write_text("a = [1, 2]")
    assert read_toml(path) == {"a": [1, 2]}
