import pytest

from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation import contexts
from openmm_mlff.simulation.contexts import platform_properties, warm_up


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


def test_warming_evaluates_energy_and_forces_five_times():
    class Context:
        calls: tuple = ()

        def getState(self, **what):  # noqa: N802
            self.calls += (what,)

    context = Context()
    warm_up(context)
    assert contexts.WARM_UP_EVALUATIONS == 5
    assert context.calls == ({"energy": True, "forces": True},) * 5
