"""The example as a user runs it, and with a potential whose energy is known to be conserved."""

import os
import runpy
import subprocess
import sys
import types
from pathlib import Path

import openmm
import pytest

import openmm_mlff
from openmm_mlff.reporters import CONSERVATION_COLUMNS
from openmm_mlff.storage.streams import MOMENTUM_COLUMNS, read_csv

WEIGHTS = Path(openmm_mlff.__file__).parent / "students" / "weights" / "original.safetensors"


@pytest.fixture
def example(repository):
    return repository / "examples" / "reporters_in_your_own_script.py"


def _springs(expression):
    def create_system(molecule):
        system = openmm.System()
        force = openmm.CustomBondForce(expression)
        for mass in molecule.masses_amu:
            system.addParticle(mass)
        for first, second in ((0, 1), (0, 2), (1, 2)):
            force.addBond(first, second, [])
        system.addForce(force)
        return system

    return types.SimpleNamespace(create_system=create_system)


def _run_here(example, monkeypatch, folder, potential):
    asked = []
    monkeypatch.setattr(
        openmm_mlff,
        "load_potential",
        lambda spec: asked.append(spec) or potential,
        raising=False,
    )
    monkeypatch.setattr(sys, "argv", [str(example), "200"])
    monkeypatch.chdir(folder)
    runpy.run_path(str(example), run_name="__main__")
    assert asked == ["student:original"]


def test_runs_and_writes_what_it_says(example, monkeypatch, tmp_path, capsys):
    _run_here(example, monkeypatch, tmp_path, _springs("1e5*(r-0.1)^2"))
    rows = read_csv(tmp_path / "energies.csv", CONSERVATION_COLUMNS)
    assert len(rows) == 20
    assert len(read_csv(tmp_path / "momenta.csv", MOMENTUM_COLUMNS)) == 20
    assert (tmp_path / "trajectory.dcd").stat().st_size == 276 + 10 * 3 * (3 * 4 + 8)
    assert f"drift {rows[-1, -2]:.4f} meV/atom/ps" in capsys.readouterr().out
    assert abs(rows[:, 6]).max() < 30.0


def test_a_broken_potential_is_told_in_one_line(example, monkeypatch, tmp_path):
    # A well for the minimiser, and beyond 0.01 nm from it no way back.
    well = _springs("-2*exp(-((r-0.1)/0.005)^2) - 100*r*step(abs(r-0.1)-0.01)")
    with pytest.raises(SystemExit) as raised:
        _run_here(example, monkeypatch, tmp_path, well)
    assert str(raised.value.code).startswith("not safe to use: at ")
    assert "\n" not in str(raised.value.code)


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the weights of student:original are not there")
def test_runs_with_the_shipped_student(example, repository, tmp_path):
    path = os.pathsep.join(filter(None, [str(repository), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, str(example), "100"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("drift ")
    assert len(read_csv(tmp_path / "energies.csv", CONSERVATION_COLUMNS)) == 10
