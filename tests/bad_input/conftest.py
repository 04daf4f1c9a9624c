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

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "cases"
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason="the folder shared/cases is not beside the repository"
)

WATER = "3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
BOX = WATER.replace("\n\n", '\nLattice="{}" pbc="T T T"\n')
SDF = (
    "water\n\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n"
    "    0.0000    0.0000    0.0000 O   0  0\n"
    "    0.9600    0.0000    0.0000 H   0  0\n"
    "   -0.2400    0.9300    0.0000 H   0  0\n"
    "  1  2  1  0\n  1  3  1  0\nM  END\n$$$$\n"
)
SYSTEM_TOML = (
    'name = "w"\ntitle = "Water"\nformula = "H2O"\ncharge = 0\nmultiplicity = 1\n'
    'structure = "s.xyz"\nsource = "x"\nsmiles = "O"\n'
)

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
    """Give a function that runs one command line in a folder, which is empty by default."""

    def run(line: str, *, folder: Path = tmp_path) -> Outcome:
        monkeypatch.chdir(folder)
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

    monkeypatch.setattr("openmm_mlff.pipeline.local.produce_system", let_in)
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
