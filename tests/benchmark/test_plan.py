import pytest

from openmm_mlff.benchmark.plan import (
    BACKENDS,
    DEFAULT_BACKENDS,
    DEFAULT_PEERS,
    BenchmarkPlan,
    read_threads,
    refuse_repeats,
    resolve_backends,
    resolve_models,
    resolve_peers,
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
        (resolve_peers, ("xtb",), {}, "peer"),
        (resolve_peers, ("none", "ase:a.b:C"), {}, "peer"),
        *((read_threads, text, {}, "auto") for text in ["0", "-1", "two", "1.5", "99999"]),
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


def test_reference_model_that_was_not_named_is_put_in_front():
    assert resolve_models(("b.pt",), reference_model="a.pt") == (("a.pt", "b.pt"), "a.pt")


def test_default_backends_need_no_compiler():
    assert set(BACKENDS) - set(DEFAULT_BACKENDS) == {"python-compiled"}


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (resolve_backends, None, DEFAULT_BACKENDS),
        (resolve_backends, ("python-compiled", "python"), ("python-compiled", "python")),
        (resolve_peers, None, DEFAULT_PEERS),
        (resolve_peers, ("none",), ()),
        (resolve_peers, ["ase:a.b:C", "ase:d.e:F"], ("ase:a.b:C", "ase:d.e:F")),
        (read_threads, "AUTO", None),
        (read_threads, "3", 3),
    ],
)
def test_names_and_numbers_are_read(function, given, expected):
    assert function(given) == expected


@pytest.mark.parametrize(
    ("seconds_per_step", "steps"), [(0.01, 25), (10.0, 5), (1e-6, 500), (0.0, 500)]
)
def test_steps_of_a_block(seconds_per_step, steps):
    plan = BenchmarkPlan(block_seconds=0.25, fewest_steps=5, most_steps=500)
    assert plan.steps_of_block(seconds_per_step) == steps
