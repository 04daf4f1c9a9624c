"""Run the command line in this process and see its exit code and what it says."""

from dataclasses import dataclass

import pytest

from openmm_mlff.cli import main


@dataclass(frozen=True)
class Outcome:
    """What one command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys):
    """Give a function that runs `openmm-mlff` with arguments."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(stopped.value.code, captured.out, captured.err)

    return run
