import openmm
import pytest

from openmm_mlff.reporters.quantities import positions_angstrom
from openmm_mlff.simulation import contexts
from openmm_mlff.simulation.contexts import (
    make_simulation,
    platform_properties,
    warm_up,
)


def test_a_simulation_is_placed_and_at_rest(water_system, water, water_minimum, reference):
    simulation = make_simulation(
        water_system,
        water,
        openmm.VerletIntegrator(0.0005),
        platform=reference,
        positions_angstrom=water_minimum,
    )
    state = simulation.context.getState(positions=True, velocities=True)
    assert positions_angstrom(state) == pytest.approx(water_minimum)
    assert state.getVelocities(asNumpy=True)._value == pytest.approx(0.0)
    assert simulation.currentStep == 0
    assert simulation.context.getPlatform().getName() == "Reference"


def test_warming_evaluates_energy_and_forces_five_times():
    class Context:
        calls: tuple = ()

        def getState(self, **what):  # noqa: N802
            self.calls += (what,)

    context = Context()
    warm_up(context)
    assert contexts.WARM_UP_EVALUATIONS == 5
    assert context.calls == ({"energy": True, "forces": True},) * 5


def test_properties_are_those_that_came_out(water_system, water, water_minimum, platform):
    simulation = make_simulation(
        water_system,
        water,
        openmm.VerletIntegrator(0.0005),
        platform=platform,
        positions_angstrom=water_minimum,
    )
    properties = platform_properties(simulation.context)
    if platform.name == "CPU":
        assert int(properties["Threads"]) >= 1
    else:
        assert properties == {}
