import json

import openmm
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.simulation import checkpoints, make_simulation
from openmm_mlff.simulation.checkpoints import Saver, load_state
from openmm_mlff.simulation.record import TrajectoryRecord


@pytest.fixture
def simulation(water_system, water, water_minimum, platform):
    simulation = make_simulation(
        water_system,
        water,
        openmm.VerletIntegrator(0.0005),
        platform=platform,
        positions_angstrom=water_minimum,
    )
    simulation.context.setVelocitiesToTemperature(300.0, 6)
    return simulation


@pytest.fixture
def record(job, platform, tmp_path):
    return TrajectoryRecord.open(tmp_path, job(), platform=platform)


def _bits(simulation):
    state = simulation.context.getState(positions=True, velocities=True)
    vectors = (state.getPositions(asNumpy=True), state.getVelocities(asNumpy=True))
    return simulation.currentStep, state.getTime()._value, [v._value.tobytes() for v in vectors]


def test_a_state_is_saved_to_the_last_bit(simulation, record, tmp_path):
    simulation.step(123)
    Saver(simulation, record, tmp_path).save()
    saved = _bits(simulation)
    simulation.step(77)
    ahead = _bits(simulation)
    load_state(simulation, tmp_path)
    assert _bits(simulation) == saved
    simulation.step(77)
    assert _bits(simulation) == ahead


def test_run_json_goes_with_it(simulation, record, tmp_path):
    simulation.step(50)
    Saver(simulation, record, tmp_path).save()
    table = json.loads((tmp_path / "run.json").read_text())
    assert table["steps"] == 50
    assert table["memory_mebibytes"]["peak_resident"] > 0.0


def test_saves_no_more_often_than_is_cheap(simulation, record, tmp_path, monkeypatch):
    clock = iter([0.0, 0.1, 1.0, 9.0, 10.2, 10.2, 10.3, 11.0])
    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: next(clock))
    saver = Saver(simulation, record, tmp_path)
    saved_at = []
    monkeypatch.setattr(
        openmm.XmlSerializer,
        "serialize",
        staticmethod(lambda state: saved_at.append(simulation.currentStep) or "<State/>"),
    )
    saver.save()  # from 0 s to 0.1 s: a hundred times that is 10 s
    for _ in range(4):  # at 1 s, 9 s, 10.2 s (saves until 10.3 s), 11 s
        simulation.step(10)
        saver.save_if_cheap()
    assert saved_at == [0, 30]


def test_a_damaged_or_foreign_state_is_named(simulation, record, tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot resume from"):
        load_state(simulation, tmp_path)
    (tmp_path / "state.xml").write_text("<State")
    with pytest.raises(RunDirectoryError, match="delete the run's folder"):
        load_state(simulation, tmp_path)
    Saver(simulation, record, tmp_path).save()
    other = openmm.System()
    other.addParticle(1.0)
    single = openmm.app.Simulation(
        openmm.app.Topology(),
        other,
        openmm.VerletIntegrator(0.001),
        simulation.context.getPlatform(),
    )
    with pytest.raises(RunDirectoryError, match="cannot resume from"):
        load_state(single, tmp_path)
