from dataclasses import replace

import numpy as np
import openmm
import pytest

from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.simulation import blocks, make_simulation
from openmm_mlff.simulation.blocks import (
    LAPS,
    BlockMeter,
    block_steps,
    step_watched,
    yardstick_ms,
)
from openmm_mlff.simulation.record import BLOCK_SERIES, TrajectoryRecord


@pytest.fixture
def record(job, reference):
    return TrajectoryRecord(job=job(), platform=reference.name, precision=reference.precision)


@pytest.fixture
def simulation(at_minimum, reference):
    return at_minimum(reference)


def lengths(record):
    return [len(getattr(record, name)) for name in BLOCK_SERIES]


def test_complete_blocks_after_the_first_are_measured(record, simulation):
    meter = BlockMeter([record], length=100, steps_left=350)
    for steps in (100, 100, 100, 50):
        meter.advance(simulation, steps)
    assert simulation.currentStep == 350
    assert lengths(record) == [2, 2, 2, 2]
    assert record.steps_per_block == 100
    assert all(value > 0.0 for name in BLOCK_SERIES for value in getattr(record, name))
    # Shorter than its laps, a block is stepped at once.
    BlockMeter([record], length=3, steps_left=9).advance(simulation, 3)
    assert simulation.currentStep == 353
    assert 0.02 < np.median([yardstick_ms() for _ in range(20)]) < 20.0


def test_laps_do_not_change_the_trajectory(record, simulation):
    simulation.context.setVelocitiesToTemperature(300.0, 6)
    before = simulation.context.getState(positions=True, velocities=True)
    simulation.step(150)
    whole = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value
    simulation.context.setState(before)
    BlockMeter([record], length=150, steps_left=150).advance(simulation, 150)
    pieces = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value
    np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize("together", [1, 4])
def test_times_are_those_of_the_steps_of_one_replica(record, monkeypatch, together):
    # Wall time 2 ms and CPU time 1 ms per lap; the yardstick takes a second and is not counted.
    wall, cpu = [0.0], [0.0]

    class Clockwork:
        def step(self, steps):
            wall[0] += 0.002
            cpu[0] += 0.001

    def yardstick():
        wall[0] += 1.0
        cpu[0] += 1.0
        return 0.25

    monkeypatch.setattr(blocks, "yardstick_ms", yardstick)
    monkeypatch.setattr(blocks.time, "perf_counter", lambda: wall[0])
    monkeypatch.setattr(blocks.time, "process_time", lambda: cpu[0])
    records = [replace(record, **{name: [] for name in BLOCK_SERIES}) for _ in range(together)]
    meter = BlockMeter(records, length=10 * LAPS, steps_left=1000)
    for _ in range(3):
        meter.advance(Clockwork(), 10 * LAPS)
    for one in records:
        assert one.ms_per_step_blocks == pytest.approx([0.2 / together] * 2)
        assert one.cpu_ms_per_step_blocks == pytest.approx([0.1 / together] * 2)
        assert one.yardstick_ms_blocks == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize(("steps_left", "kept"), [(600, 5), (500, 4), (400, 4), (50, 4)])
def test_blocks_of_two_processes_are_never_mixed(record, simulation, steps_left, kept):
    first = BlockMeter([record], length=100, steps_left=500)
    for _ in range(5):
        first.advance(simulation, 100)
    before = list(record.cpu_ms_per_step_blocks)
    # As after a resume: a new meter on the same record.
    second = BlockMeter([record], length=100, steps_left=steps_left)
    for _ in range(steps_left // 100):
        second.advance(simulation, 100)
    assert lengths(record) == [kept] * 4
    # Too close to the end to measure as many again, the earlier ones are kept.
    assert (record.cpu_ms_per_step_blocks == before) == (steps_left <= 400)


@pytest.mark.parametrize(
    ("n_steps", "interval", "expected"),
    [
        (20_000, 10, 500),
        (2_000, 10, 200),
        (100, 10, 10),
        (5, 10, 10),
        (0, 10, 10),
        (20_000, 7, 504),
        (100_000_000, 10, 100_000),
    ],
)
def test_short_runs_have_ten_blocks_and_blocks_of_long_ones_are_bounded(
    n_steps, interval, expected
):
    assert block_steps(n_steps, interval=interval) == expected


def test_a_nan_in_openmm_becomes_a_failure_and_other_errors_pass(
    at_minimum, bonded_by, hydrogen_chloride, platform, monkeypatch
):
    simulation = make_simulation(
        bonded_by("-2000*r + sqrt(0.13-r)"),
        hydrogen_chloride,
        openmm.VerletIntegrator(0.0005),
        platform=platform,
        positions_angstrom=hydrogen_chloride.positions_angstrom,
    )
    simulation.reporters.append(StabilityReporter(50, hydrogen_chloride))
    with pytest.raises(UnstableError) as raised:
        step_watched(simulation, 100)
    assert raised.value.atoms == (0, 1)
    # On the CPU platform OpenMM itself raises, at once; on Reference the reporter finds it.
    if platform.name == "CPU":
        assert 1 <= raised.value.step < 50
        assert "2 atoms are not finite (OpenMM: Particle coordinate is NaN.)" in str(raised.value)
    else:
        assert raised.value.step == 50
        assert "position of Cl1–H2 is not finite" in str(raised.value)
    assert raised.value.time_ps == pytest.approx(0.0005 * raised.value.step)

    def broken(_steps):
        raise openmm.OpenMMException("the model file is damaged")

    simulation = at_minimum(platform)
    monkeypatch.setattr(simulation, "step", broken)
    with pytest.raises(openmm.OpenMMException, match="damaged"):
        step_watched(simulation, 1)
