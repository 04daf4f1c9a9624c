"""The dashboard's numbers, by a clock that the test moves."""

import io

import pytest
from rich.console import Console

from openmm_mlff.cli.dashboard import Dashboard, clock_text
from openmm_mlff.measuring.stage_names import FINISHED

NVE = "NVE 300 K, 0.5 fs"


def shown(dashboard, *, now_s):
    console = Console(file=io.StringIO(), width=80, force_terminal=False)
    console.print(dashboard.render(now_s=now_s))
    return console.file.getvalue()


def in_order(text, *parts):
    places = [text.index(part) for part in parts]
    return places == sorted(places)


@pytest.fixture
def dashboard():
    return Dashboard(("water", "methane", "alanine"), started_s=0.0)


def test_steps_ns_per_day_drift_and_time_left(dashboard):
    assert "starting" in shown(dashboard, now_s=0.0)
    dashboard.update("water", NVE, 0, 20_000, now_s=10.0)
    dashboard.update("water", NVE, 1, 20_000, now_s=10.1)
    stage = dashboard.running["water"].stage
    assert stage.per_second is stage.left_s is None
    dashboard.update("water", NVE, 5_000, 20_000, now_s=20.0)
    dashboard.running["water"].drift_mev_per_atom_per_ps = 0.0123
    # 500 steps/s of 0.5 fs: 250 fs/s, 21.6 ns a day.
    assert stage.ns_per_day == pytest.approx(21.6)
    text = shown(dashboard, now_s=20.0)
    parts = (f"water (1 of 3)  {NVE}", "5,000 of 20,000 steps", "21.6 ns/day")
    parts += ("drift +0.012 meV/atom/ps", "0:00:20 gone", "stage 0:00:30 left")
    assert [part for part in parts if part not in text] == []
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_a_resumed_run_counts_only_its_own_steps(dashboard):
    dashboard.update("water", "NVE 300 K, 1 fs", 9_000, 10_000, now_s=0.0)
    dashboard.update("water", "NVE 300 K, 1 fs", 9_500, 10_000, now_s=5.0)
    assert dashboard.running["water"].stage.per_second == pytest.approx(100.0)
    assert dashboard.running["water"].stage.left_s == pytest.approx(5.0)


def test_the_time_left_follows_from_the_systems_that_are_done(dashboard):
    dashboard.update("water", "minimise", 0, 1, now_s=0.0)
    assert dashboard.left_s(now_s=50.0) is None
    dashboard.update("water", FINISHED, 1, 1, now_s=100.0)
    dashboard.update("methane", "minimise", 0, 1, now_s=100.0)
    assert dashboard.finished == {"water": 100.0}
    assert dashboard.left_s(now_s=130.0) == pytest.approx(70.0 + 100.0)
    assert "all ~0:02:50" in shown(dashboard, now_s=130.0)


def test_concurrent_systems_each_have_their_lines(dashboard):
    for name, done in (("water", 5_000), ("methane", 2_500)):
        dashboard.update(name, NVE, 0, 20_000, now_s=0.0)
        dashboard.update(name, NVE, done, 20_000, now_s=10.0)
    text = shown(dashboard, now_s=10.0)
    assert in_order(text, "water (1 of 3)", "21.6 ns/day", "methane (2 of 3)", "10.8 ns/day")
    dashboard.update("water", FINISHED, 1, 1, now_s=40.0)
    dashboard.update("alanine", "minimise", 0, 1, now_s=40.0)
    # Water took 40 s: methane has nothing left, by that; alanine all of it.
    assert dashboard.left_s(now_s=40.0) == pytest.approx(40.0)
    assert "water" not in shown(dashboard, now_s=40.0)


def test_many_systems_have_one_line_each():
    names = [f"a system with a long name, number {number}" for number in range(6)]
    dashboard = Dashboard(names, started_s=0.0)
    for name in names:
        dashboard.update(name, "NVE, 100 replicas of the system, 0.5 fs", 1, 4, now_s=0.0)
    lines = [line.rstrip() for line in shown(dashboard, now_s=1.0).splitlines()]
    assert len(lines) == len(names) + 1
    assert max(map(len, lines)) <= 80


def test_a_stage_without_steps_has_no_ns_per_day_and_the_end_only_the_time():
    dashboard = Dashboard(("water",), started_s=0.0)
    dashboard.update("water", "parity probes", 0, 6, now_s=0.0)
    dashboard.update("water", "parity probes", 3, 6, now_s=4.0)
    assert dashboard.running["water"].stage.ns_per_day is None
    text = shown(dashboard, now_s=4.0)
    assert "3 of 6" in text
    assert "ns/day" not in text
    dashboard.update("water", FINISHED, 1, 1, now_s=5.0)
    assert shown(dashboard, now_s=6.0).strip() == "0:00:06 gone"


def test_times_are_hours_minutes_seconds():
    assert clock_text(3725.4) == "1:02:05"
