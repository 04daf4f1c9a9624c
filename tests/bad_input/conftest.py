"""Give bad input to the command line: one clear line, exit code 2, and nothing written."""

import hashlib
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from openmm_mlff.cli import main
from openmm_mlff.storage.locks import LOCK_FILE

Content = str | bytes | Callable[[Path], object]
"""A file's text, its bytes, or what writes it."""


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Give a function that runs one command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(shlex.split(line))
        captured = capfd.readouterr()
        return Outcome(stopped.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def refuses(command, tmp_path, monkeypatch):
    """Give a function that sees a command line refused in one line, and nothing written."""
    _stop_before_the_work(monkeypatch)

    def check(line: str, expected: str, *, files: Mapping[str, Content]) -> None:
        for name, content in files.items():
            if name in line or name.startswith("+"):
                _write(tmp_path / name.removeprefix("+"), content)
        before = _listing(tmp_path)
        outcome = command(line)
        lines = outcome.err.splitlines()
        assert len(lines) == 1, outcome.err
        assert lines[0].startswith("openmm-mlff: ")
        assert expected in lines[0]
        assert "Traceback" not in outcome.err
        assert (outcome.code, outcome.out) == (2, "")
        assert _listing(tmp_path) == before

    return check


def _stop_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bad input was let in, fail at once instead of simulating for minutes."""

    def let_in(*_: object, **__: object) -> None:
        pytest.fail("the bad input was let in")

    monkeypatch.setattr("openmm_mlff.pipeline.opening.produce_system", let_in)
    monkeypatch.setattr("openmm_mlff.benchmark.runner.measure_system", let_in)
    monkeypatch.setattr("openmm_mlff.selftest.jobs._run_all", let_in)


def _write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, encoding="utf-8")


def _listing(folder: Path) -> dict[str, str]:
    """Every path below a folder, with the digest of what it holds."""
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.join(parent, name)] = "folder"
        # A lock that nobody holds any more is nothing.
        for name in set(files) - {LOCK_FILE}:
            path = Path(parent, name)
            is_plain = path.is_file() and not path.is_symlink()
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if is_plain else "odd"
    return found
