"""A State is read from XML; what OpenMM would unpickle is not."""

import openmm
import pytest

from openmm_mlff.simulation.states import deserialize_state


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
