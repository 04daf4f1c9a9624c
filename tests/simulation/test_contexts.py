import pytest

from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation.contexts import platform_properties


def test_a_simulation_starts_at_rest_with_the_properties_of_its_platform(
    at_minimum, water_minimum, platform
):
    simulation = at_minimum(platform)
    state = simulation.context.getState(positions=True, velocities=True)
    assert positions_angstrom(state) == pytest.approx(water_minimum)
    assert state.getVelocities(asNumpy=True)._value == pytest.approx(0.0)
    assert simulation.currentStep == 0
    assert simulation.context.getPlatform().getName() == platform.name
    properties = platform_properties(simulation.context)
    if platform.name == "CPU":
        assert int(properties["Threads"]) >= 1
    else:
        assert properties == {}
