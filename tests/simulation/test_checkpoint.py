import openmm
import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.potentials.serialised import deserialize
from openmm_mlff.simulation import checkpoint
from openmm_mlff.simulation.checkpoint import Pace, load_state, write_state


@pytest.fixture
def simulation(at_minimum, platform):
    simulation = at_minimum(platform)
    simulation.context.setVelocitiesToTemperature(300.0, 6)
    return simulation


def _bits(simulation):
    state = simulation.context.getState(positions=True, velocities=True)
    vectors = (state.getPositions(asNumpy=True), state.getVelocities(asNumpy=True))
    return simulation.currentStep, state.getTime()._value, [v._value.tobytes() for v in vectors]


def test_a_state_is_saved_exactly(simulation, tmp_path):
    simulation.step(123)
    write_state(tmp_path, simulation.context.getState(positions=True, velocities=True))
    saved = _bits(simulation)
    simulation.step(77)
    ahead = _bits(simulation)
    load_state(simulation, tmp_path)
    assert _bits(simulation) == saved
    simulation.step(77)
    assert _bits(simulation) == ahead


def test_saving_takes_at_most_a_hundredth_of_the_time(monkeypatch):
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


@pytest.mark.parametrize("content", [None, "<State", "another system"])
def test_an_unusable_state_is_named_with_its_remedy(simulation, tmp_path, content):
    if content == "another system":
        system = openmm.System()
        system.addParticle(1.0)
        other = openmm.Context(system, openmm.VerletIntegrator(0.001))
        other.setPositions([[0.0, 0.0, 0.0]])
        write_state(tmp_path, other.getState(positions=True, velocities=True))
    elif content is not None:
        (tmp_path / "state.xml").write_text(content)
    with pytest.raises(RunDirectoryError, match=r"cannot resume from.*delete the run's folder"):
        load_state(simulation, tmp_path)


def forces(state):
    return 0.0, state.getPositions(asNumpy=True)._value


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", "no XML"),
        ("State", "no XML"),
        ('<?xml version="1.0"?>\n<System type="State">', "a System"),
        ("<!-- <State> --><Force>", "a !--"),
        ("<State/><Force>", "a State/><Force>"),
        # A force that holds a pickle, in protocol 4.
        (openmm.XmlSerializer.serialize(openmm.PythonForce(forces)), "a Force"),
    ],
)
def test_other_xml_is_never_deserialized(text, held):
    assert held != "a Force" or 'function="8004' in text
    with pytest.raises(ValueError, match=f"it contains {held}, expected a State"):
        deserialize(text, expected="State")
