"""Run an example as a user does, in this process."""

import runpy
import sys

import pytest


@pytest.fixture
def run_example(repository, monkeypatch, tmp_path, capsys):
    """A function that runs an example in an empty folder and gives what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        path = str(repository / "examples" / name)
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        capsys.readouterr()
        runpy.run_path(path, run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def short_protocol(tmp_path):
    """A function that writes `short.toml`, which requires these checks and runs for a moment."""

    def write(*required):
        checks = ", ".join(f'"{check}"' for check in required)
        (tmp_path / "short.toml").write_text(PROTOCOL.format(checks=checks), encoding="utf-8")
        return "short.toml"

    return write


PROTOCOL = """
extends = "quick"
name = "short"
required = [{checks}]
reported = []
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.05
longest_ps = 0.05
[probes]
geometries = 2
repeats = 2
parity_steps = 10
thermal_frames = 1
rotations = 2
directions = 2
dimer_directions = 1
scan_step_angstrom = 0.05
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""
