import openmm
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.simulation import checkpoint, make_simulation
from openmm_mlff.simulation.checkpoint import Pace, deserialize_state, load_state, write_state


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


def _bits(simulation):
    state = simulation.context.getState(positions=True, velocities=True)
    vectors = (state.getPositions(asNumpy=True), state.getVelocities(asNumpy=True))
    return simulation.currentStep, state.getTime()._value, [v._value.tobytes() for v in vectors]


def _save(simulation, folder):
    write_state(folder, simulation.context.getState(positions=True, velocities=True))


def test_a_state_is_saved_to_the_last_bit(simulation, tmp_path):
    simulation.step(123)
    _save(simulation, tmp_path)
    saved = _bits(simulation)
    simulation.step(77)
    ahead = _bits(simulation)
    load_state(simulation, tmp_path)
    assert _bits(simulation) == saved
    simulation.step(77)
    assert _bits(simulation) == ahead


def test_saving_takes_a_hundredth_of_the_time_at_most(monkeypatch):
    # Saved from 0 s to 0.1 s, so that it is due again after 10 s; then from 10.2 s to 10.3 s.
    clock = iter([0.0, 0.1, 1.0, 9.0, 10.2, 10.2, 10.3, 11.0])
    monkeypatch.setattr(checkpoint.time, "perf_counter", lambda: next(clock))
    pace = Pace()
    with pace:
        pass
    assert [pace.is_due() for _ in range(3)] == [False, False, True]
    with pace:
        pass
    assert not pace.is_due()


def test_a_damaged_or_foreign_state_is_named(simulation, tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot resume from"):
        load_state(simulation, tmp_path)
    (tmp_path / "state.xml").write_text("<State")
    with pytest.raises(RunDirectoryError, match="delete the run's folder"):
        load_state(simulation, tmp_path)
    _save(simulation, tmp_path)
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


def forces(state):
    return 0.0, state.getPositions(asNumpy=True)._value


def test_a_state_comes_back():
    system = openmm.System()
    system.addParticle(1.0)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    context.setPositions([[1.0, 2.0, 3.0]])
    text = openmm.XmlSerializer.serialize(context.getState(positions=True))
    assert deserialize_state(text).getPositions(asNumpy=True)._value.tolist() == [[1.0, 2.0, 3.0]]


def test_a_force_that_holds_a_pickle_is_not_read():
    text = openmm.XmlSerializer.serialize(openmm.PythonForce(forces))
    # Protocol 4, in hexadecimal.
    assert 'function="8004' in text
    with pytest.raises(ValueError, match="it holds a Force, expected a State"):
        deserialize_state(text)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", "no XML"),
        ("State", "no XML"),
        ('<?xml version="1.0"?>\n<System type="State">', "a System"),
        ("<!-- <State> --><Force>", "a !--"),
        ("<State/><Force>", "a State/><Force>"),
    ],
)
def test_what_is_no_state(text, held):
    with pytest.raises(ValueError, match=f"it holds {held}, expected a State"):
        deserialize_state(text)
