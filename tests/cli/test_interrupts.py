"""The command that goes on with an interrupted run."""

import shlex
from pathlib import Path

import pytest

from openmm_mlff.cli.interrupts import InterruptedRunError


@pytest.mark.parametrize(
    ("arguments", "spec", "command"),
    [
        ("validate", "student:original", "validate --output R --resume"),
        ("validate m.pt -s water", "m.pt", "validate m.pt -s water --output R --resume"),
        ("validate m.pt --output o", "m.pt", "validate m.pt --output o --resume"),
        ("validate m.pt --output=o --resume", "m.pt", "validate m.pt --output=o --resume"),
        ("validate a.pt b.pt -s c.pdb", "b.pt", "validate b.pt -s c.pdb --output R --resume"),
        ("validate a.pt b.pt --output o", "b.pt", "validate a.pt b.pt --output o --resume"),
        # What looks like a potential may be the value of an option.
        (
            "validate --reference a.pt a.pt b.pt --no-sandbox",
            "b.pt",
            "validate --reference a.pt b.pt --no-sandbox --output R --resume",
        ),
        ("validate --sandbox a.pt b.pt", "a.pt", "validate --sandbox a.pt --output R --resume"),
    ],
)
def test_the_command(arguments, spec, command):
    found = InterruptedRunError(Path("R"), spec=spec).resume_command(arguments.split())
    assert found == f"openmm-mlff {command}"


def test_a_shell_reads_it_as_it_was_given():
    words = ["validate", "ase:m:C?a=1&b=2", "-s", "my file.pdb"]
    found = InterruptedRunError(Path("runs/a b"), spec=words[1]).resume_command(words)
    assert shlex.split(found) == ["openmm-mlff", *words, "--output", "runs/a b", "--resume"]
