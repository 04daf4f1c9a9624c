"""The dashboard's numbers, by a clock that the test moves."""

import io
import re

import pytest
from rich.console import Console

from openmm_mlff.cli.progress import Dashboard
from openmm_mlff.measuring.stage_names import FINISHED
from openmm_mlff.storage.run_directory import RunDirectory

NVE = "NVE 300 K, 0.5 fs"


def console():
    return Console(file=io.StringIO(), width=80, force_terminal=False)


class Clock:
    """A dashboard of systems, and the time that it reads."""

    def __init__(self, folder, *systems):
        self.now_s = 0.0
        options = {"console": console(), "get_time": lambda: self.now_s}
        self.dashboard = Dashboard(RunDirectory(folder), systems, **options)

    def show(self, system, stage, done, total, *, now_s):
        self.now_s = now_s
        self.dashboard.show(system, stage, done, total)

    def text(self, *, now_s):
        self.now_s = now_s
        shown = console()
        shown.print(self.dashboard.get_renderable())
        return shown.file.getvalue()


@pytest.fixture
def clock(tmp_path):
    return lambda *systems: Clock(tmp_path, *systems)


def test_steps_ns_per_day_and_time_left_are_shown(clock):
    water = clock("water", "methane")
    for done, now_s in ((0, 10.0), (2_500, 15.0), (5_000, 20.0)):
        water.show("water", NVE, done, 20_000, now_s=now_s)
    text = water.text(now_s=20.0)
    assert "water (1 of 2)  NVE 300 K, 0.5 fs" in text
    # 500 steps/s of 0.5 fs: 250 fs/s, 21.6 ns a day.
    for part in ("5,000 of 20,000 steps", "21.6 ns/day", "stage 0:00:30 left", "0:00:20"):
        assert part in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80


def test_a_resumed_run_counts_only_what_it_does_itself(clock):
    water = clock("water")
    for done, now_s in ((9_000, 0.0), (9_250, 2.5), (9_500, 5.0)):
        water.show("water", NVE, done, 10_000, now_s=now_s)
    assert "stage 0:00:05 left" in water.text(now_s=5.0)


def test_what_is_left_in_all_follows_from_the_systems_that_are_done(clock):
    three = clock("water", "methane", "alanine")
    three.show("water", "minimise", 0, 1, now_s=0.0)
    three.now_s = 50.0
    assert three.dashboard.left_s() is None
    three.show("water", FINISHED, 1, 1, now_s=100.0)
    three.show("methane", "minimise", 0, 1, now_s=100.0)
    assert three.dashboard.finished_s == {"water": 100.0}
    assert "all ~0:02:50" in three.text(now_s=130.0)
    assert three.dashboard.left_s() == pytest.approx(70.0 + 100.0)


def test_systems_side_by_side_each_have_their_lines(clock):
    three = clock("water", "methane", "alanine")
    for name, steps in (("water", 2_500), ("methane", 1_250)):
        for count in range(3):
            three.show(name, NVE, count * steps, 20_000, now_s=5.0 * count)
    text = three.text(now_s=10.0)
    assert text.index("water (1 of 3)") < text.index("21.6 ns/day") < text.index("methane (2 of 3)")
    assert text.index("methane") < text.index("10.8 ns/day") < text.index("0:00:10")
    three.show("water", FINISHED, 1, 1, now_s=40.0)
    three.show("alanine", "minimise", 0, 1, now_s=40.0)
    # Water took 40 s: methane has nothing left, by that; alanine all of it.
    assert three.dashboard.left_s() == pytest.approx(40.0)
    assert "water" not in three.text(now_s=40.0)


def test_many_systems_have_one_line_each(clock):
    names = [f"a system with a long name, number {number}" for number in range(6)]
    many = clock(*names)
    for name in names:
        many.show(name, "NVE, 100 replicas of the system, 0.5 fs", 1, 4, now_s=0.0)
    lines = [line.rstrip() for line in many.text(now_s=1.0).splitlines()]
    assert len(lines) == len(names) + 1
    assert max(map(len, lines)) <= 80


def test_only_what_is_known_is_shown(clock):
    water = clock("water")
    assert "starting" in water.text(now_s=0.0)
    for done, now_s in ((0, 0.0), (1, 0.1)):
        water.show("water", NVE, done, 10, now_s=now_s)
    assert not re.search("left|ns/day", water.text(now_s=0.1))
    # A stage without steps has no rate.
    for done in range(4):
        water.show("water", "parity probes", done, 6, now_s=2.0 * done)
    text = water.text(now_s=6.0)
    assert "3 of 6" in text
    assert not re.search("steps|ns/day", text)
    water.show("water", FINISHED, 1, 1, now_s=6.0)
    assert water.text(now_s=3725.4).strip() == "elapsed 1:02:05"
