import pytest

from openmm_mlff.benchmark import candidates
from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.candidates import (
    choose_common_platform,
    compiling_or_refused,
    prepare_candidate,
    torch_device,
    warm_steps,
)
from openmm_mlff.benchmark.memory import MemoryUse
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.variants import load_variants
from openmm_mlff.errors import PlatformError, PotentialError
from openmm_mlff.potentials import load_potential, python_backend
from openmm_mlff.simulation import PlatformChoice, named_platform
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
    )


def test_platform_that_was_asked_for(systems, water):
    assert choose(systems, water, "reference").name == "Reference"


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


@pytest.mark.parametrize(("with_ase", "kinds"), [(True, 4), (False, 3)])
def test_a_candidate_is_warm_and_its_reporters_have_whole_cycles(
    specs, water, tmp_path, monkeypatch, with_ase, kinds
):
    asked = []
    monkeypatch.setattr(
        candidates,
        "measure_memory",
        lambda request: asked.append(request) or MemoryUse(1.0, 2.0, None, 0.5),
    )
    (variant,) = load_variants(specs[1], backends=("python",))
    start = thermal_start(
        water, positions_angstrom=water.positions_angstrom, temperature_kelvin=300.0, seed=1
    )
    found = prepare_candidate(
        variant,
        variant.potential.create_system(water),
        water,
        platform=named_platform("Reference"),
        start=start,
        precision="mixed",
        threads=3,
        folder=tmp_path,
        with_ase=with_ase,
        plan=BenchmarkPlan(block_seconds=0.01, fewest_steps=2, most_steps=4),
    )
    assert len(found.blocks) == kinds
    assert ("ase" in found.blocks) is with_ase
    assert found.steps["reporters"] == 40
    assert all(block(2) > 0.0 for block in found.blocks.values())
    (request,) = asked
    assert (request.options.backend, request.threads) == ("python", 3)
    assert (tmp_path / "energies.csv").is_file()


def test_the_eager_model_is_not_timed_as_the_compiled_one():
    with compiling_or_refused():
        pass
    handlers = list(python_backend.logger.handlers)
    refused = pytest.raises(PotentialError, match="cannot be compiled here: no compiler")
    with refused, compiling_or_refused():
        python_backend.logger.warning("the model cannot be compiled here: %s", "no compiler")
    assert python_backend.logger.handlers == handlers


def test_device_of_torch():
    assert torch_device(PlatformChoice("CUDA")) == "cuda"
    assert torch_device(PlatformChoice("OpenCL")) == "cpu"
