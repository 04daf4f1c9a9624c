"""What the terminal is told."""

import io

import pytest
from rich.console import Console

from openmm_mlff.campaign.states import read_states
from openmm_mlff.campaign.store import AttemptRecord
from openmm_mlff.campaign.tables import render_plan, render_status


@pytest.fixture
def shown():
    """A function that gives what a table prints."""

    def show(render, states):
        file = io.StringIO()
        render(states, console=Console(file=file, width=120))
        return file.getvalue()

    return show


@pytest.fixture
def states(campaign, finish):
    """One approved, one begun twice and silent, one that failed, one unusable of each system."""
    _, cells, store = campaign(
        models=["student:original", "student:tiny", "[bold]absent.pt"], systems=["water", "ammonia"]
    )
    finish(store, cells[0].address)
    for _ in range(2):
        AttemptRecord(store.cell(cells[1].address))
    store.write_result(cells[4].address, {"status": "lost", "message": "every worker died"})
    return read_states(store)


def test_the_plan_lists_every_run(states, shown):
    lines = shown(render_plan, states).splitlines()
    assert sum("300 K, 0.5 fs" in line for line in lines) == 6
    assert any("student:original" in line and "APPROVED" in line for line in lines)


def test_the_status_counts_and_names_what_runs_and_what_failed(states, shown):
    text = shown(render_status, states)
    row = next(line for line in text.splitlines() if line.startswith("student:tiny")).split()
    assert row == ["student:tiny", "–", "–", "–", "1", "–", "–", "1", "–"]
    assert "student:tiny, water, 300 K, 0.5 fs, seed 1: started on" in text
    assert "started 2 times" in text
    assert "student:tiny: 1 run without a verdict: every worker died" in text
    assert "[bold]absent.pt: 2 runs without a verdict: no such file: [bold]absent.pt" in text
