import io

import numpy as np
import pytest
from rich.console import Console

from openmm_mlff.cli import progress
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline import progress as lines
from openmm_mlff.storage.run_directory import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)
from openmm_mlff.storage.streams import ENERGY_COLUMNS, CsvStream

RUN = "nve_300K_0.5fs_r0"
STAGE = "NVE 300 K, 0.5 fs"


@pytest.fixture
def directory(tmp_path):
    """A run of water whose total energy rises by 3 meV/ps: 1 meV/atom/ps."""
    found = RunDirectory.create(tmp_path / "run")
    write_json(found.system("water") / SYSTEM_FILE, molecule_to_json(load_system("water")))
    stream = CsvStream(found.run("water", RUN) / "energies.csv", ENERGY_COLUMNS)
    for step in range(100):
        time_ps = 0.005 * step
        total = -100.0 + 0.003 * time_ps
        stream.append((step, time_ps, total - 0.1, 0.1, total, 300.0))
    stream.close()
    return found


def shown(directory, *messages, terminal=False, width=80, quiet=False):
    """Return what the terminal or the log shows after these messages."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, no_color=True)
    options = {"systems": ("water",), "quiet": quiet, "console": console}
    with progress.live_dashboard(directory, **options) as show:
        for message in messages:
            message() if callable(message) else show("water", *message)
    return file.getvalue()


def test_the_drift_is_the_slope_of_the_total_energy(directory, tmp_path):
    path = directory.run("water", RUN) / "energies.csv"
    with path.open("a") as file:
        # Rows that are not finite are passed over.
        file.write(",".join(["100", "0.5", *[repr(np.nan)] * 4]) + "\n")
    assert progress.running_drift(directory.system("water")) == pytest.approx(1.0, rel=1e-6)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:5]))
    assert progress.running_drift(directory.system("water")) is None
    assert progress.running_drift(tmp_path / "absent") is None


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_shown_where_quiet_was_asked_for(directory, terminal):
    assert shown(directory, ("minimise", 0, 1), terminal=terminal, quiet=True) == ""


def test_a_log_has_a_line_for_each_stage_and_more_where_one_takes_long(directory, monkeypatch):
    text = shown(
        directory,
        ("minimise", 0, 1),
        (STAGE, 0, 20000),
        (STAGE, 100, 20000),
        lambda: monkeypatch.setattr(lines, "LINE_EVERY_S", 0.0),
        (STAGE, 12000, 20000),
        width=20,
    )
    assert [line.partition("  ")[2] for line in text.splitlines()] == [
        "water: minimise",
        f"water: {STAGE} (0 of 20,000)",
        f"water: {STAGE} (12,000 of 20,000)",
    ]


def test_a_terminal_shows_stage_and_drift(directory, monkeypatch):
    monkeypatch.setattr(progress, "_DRIFT_EVERY_S", -1.0)
    text = shown(directory, (STAGE, 10, 200), terminal=True)
    assert STAGE in text
    assert "drift +1 meV/atom/ps" in text
