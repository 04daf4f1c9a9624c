import io

import numpy as np
import pytest
from rich.console import Console

from openmm_mlff.cli import progress
from openmm_mlff.molecules import load_system
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)
from openmm_mlff.storage.streams import ENERGY_COLUMNS, CsvStream


@pytest.fixture
def directory(tmp_path):
    """A run of water whose total energy rises by 3 meV/ps: 1 meV/atom/ps."""
    found = RunDirectory.create(tmp_path / "run")
    write_json(found.system("water") / SYSTEM_FILE, molecule_to_json(load_system("water")))
    stream = CsvStream(found.run("water", "nve_300K_0.5fs_r0") / "energies.csv", ENERGY_COLUMNS)
    for step in range(100):
        time_ps = 0.005 * step
        total = -100.0 + 0.003 * time_ps
        stream.append((step, time_ps, total - 0.1, 0.1, total, 300.0))
    stream.close()
    return found


def test_the_drift_is_the_slope_of_the_total_energy(directory):
    assert progress.running_drift(directory.system("water")) == pytest.approx(1.0, rel=1e-6)


def test_too_few_rows_have_no_drift(directory, tmp_path):
    assert progress.running_drift(tmp_path / "absent") is None
    stream = directory.run("water", "nve_300K_0.5fs_r0") / "energies.csv"
    lines = stream.read_text().splitlines(keepends=True)
    stream.write_text("".join(lines[:5]))
    assert progress.running_drift(directory.system("water")) is None


def test_rows_that_are_not_finite_are_passed_over(directory):
    path = directory.run("water", "nve_300K_0.5fs_r0") / "energies.csv"
    with path.open("a") as file:
        file.write(",".join(["100", "0.5", *[repr(np.nan)] * 4]) + "\n")
    assert progress.running_drift(directory.system("water")) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_shown_where_quiet_was_asked_for(directory, terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with progress.live_dashboard(
        directory, systems=("water",), quiet=True, console=console
    ) as show:
        show("water", "minimise", 0, 1)
    assert console.file.getvalue() == ""


def test_a_log_has_a_line_for_each_stage_and_more_where_one_takes_long(directory, monkeypatch):
    console = Console(file=io.StringIO(), force_terminal=False, width=20)
    with progress.live_dashboard(directory, systems=("water",), console=console) as show:
        show("water", "minimise", 0, 1)
        show("water", "NVE 300 K, 0.5 fs", 0, 20000)
        show("water", "NVE 300 K, 0.5 fs", 100, 20000)
        monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
        show("water", "NVE 300 K, 0.5 fs", 12000, 20000)
    lines = [line.partition("  ")[2] for line in console.file.getvalue().splitlines()]
    assert lines == [
        "water: minimise",
        "water: NVE 300 K, 0.5 fs (0 of 20,000)",
        "water: NVE 300 K, 0.5 fs (12,000 of 20,000)",
    ]


def test_a_terminal_sees_stage_and_drift(directory, monkeypatch):
    monkeypatch.setattr(progress, "_DRIFT_EVERY_S", -1.0)
    console = Console(file=io.StringIO(), force_terminal=True, width=80, no_color=True)
    with progress.live_dashboard(directory, systems=("water",), console=console) as show:
        show("water", "NVE 300 K, 0.5 fs", 10, 200)
    text = console.file.getvalue()
    assert "NVE 300 K, 0.5 fs" in text
    assert "drift +1 meV/atom/ps" in text
