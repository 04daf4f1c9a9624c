import pytest

from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.candidates import choose_common_platform, warm_steps
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.errors import PlatformError
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import available_platforms


@pytest.fixture
def systems(specs, water):
    return {spec: load_potential(spec).create_system(water) for spec in specs}


def choose(systems, water, request):
    return choose_common_platform(
        systems,
        water,
        reference=next(iter(systems)),
        request=request,
        precision="mixed",
        plan=BenchmarkPlan(threads=1),
    )


def test_platform_that_was_asked_for(systems, water):
    assert choose(systems, water, "reference").name == "Reference"


def test_threads_of_the_cpu_platform(systems, water):
    assert choose(systems, water, "CPU").properties["Threads"] == "1"


def test_platform_that_is_not_there(systems, water):
    missing = next(name for name in ("HIP", "CUDA") if name not in available_platforms())
    with pytest.raises(PlatformError, match=f"platform {missing} is not available"):
        choose(systems, water, missing)


def test_warm_steps_follow_from_the_last_warm_up():
    asked = []

    def block(steps):
        asked.append(steps)
        return 100.0 if len(asked) == 1 else 0.002 * steps

    plan = BenchmarkPlan(block_seconds=0.1, fewest_steps=4, most_steps=500)
    assert warm_steps(block, plan=plan) == 50
    assert set(asked) == {4}


def test_start_is_that_of_the_plan(water):
    plan = BenchmarkPlan()
    start = thermal_start(
        water,
        positions_angstrom=water.positions_angstrom,
        temperature_kelvin=plan.temperature_kelvin,
        seed=plan.seed,
    )
    assert start.velocities_angstrom_per_ps.shape == (3, 3)
