import pytest

from openmm_mlff.benchmark.plan import (
    BACKENDS,
    DEFAULT_BACKENDS,
    BenchmarkPlan,
    refuse_repeats,
    resolve_backends,
    resolve_models,
)
from openmm_mlff.errors import ConfigError


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"blocks": 0}, "blocks"),
        ({"threads": -1}, "threads"),
        ({"memory_steps": 0}, "memory_steps"),
        ({"block_seconds": 0.0}, "block_seconds"),
        ({"timestep_fs": float("nan")}, "timestep_fs"),
        ({"fewest_steps": 9, "most_steps": 8}, "fewest_steps"),
        *(({"replicas": counts}, "replicas") for counts in [(1,), (0, 4), (4, 4)]),
    ],
)
def test_plan_refuses_what_cannot_be(changes, field):
    with pytest.raises(ConfigError, match=field):
        BenchmarkPlan(**changes)


@pytest.mark.parametrize(
    ("function", "given", "options", "named"),
    [
        (resolve_models, (), {"reference_model": None}, "potential"),
        (resolve_models, ("a.pt", "b.pt", "a.pt"), {"reference_model": None}, r"'a\.pt'"),
        (refuse_repeats, ("water", "methane", "water"), {"what": "system"}, "system 'water'"),
        (resolve_backends, ("torchfrce",), {}, "'torchfrce'.*'torchforce'"),
        (resolve_backends, ("python", "python"), {}, "'python'"),
    ],
)
def test_what_cannot_be_read_is_refused(function, given, options, named):
    with pytest.raises(ConfigError, match=named):
        function(given, **options)


@pytest.mark.parametrize(
    ("specs", "asked", "expected"),
    [
        (("student:tiny", "student:original"), None, "student:original"),
        (("b.pt", "a.pt"), None, "b.pt"),
        (("b.pt", "a.pt"), "a.pt", "a.pt"),
    ],
)
def test_reference_model(specs, asked, expected):
    assert resolve_models(specs, reference_model=asked) == (specs, expected)
    # One that was not named is put in front.
    assert resolve_models(specs, reference_model="c.pt") == (("c.pt", *specs), "c.pt")


def test_default_backends_need_no_compiler():
    assert resolve_backends(None) == DEFAULT_BACKENDS
    assert set(BACKENDS) - set(DEFAULT_BACKENDS) == {"python-compiled"}
    assert resolve_backends(("python-compiled", "python")) == ("python-compiled", "python")


@pytest.mark.parametrize(
    ("seconds_per_step", "steps"), [(0.01, 25), (10.0, 5), (1e-6, 500), (0.0, 500)]
)
def test_steps_of_a_block(seconds_per_step, steps):
    plan = BenchmarkPlan(block_seconds=0.25, fewest_steps=5, most_steps=500)
    assert plan.steps_of_block(seconds_per_step) == steps
