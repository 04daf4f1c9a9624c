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
    ("changes", "said"),
    [
        ({"blocks": 0}, "blocks is 0; expected a whole number above 0"),
        ({"threads": -1}, "threads is -1"),
        ({"memory_steps": 0}, "memory_steps is 0"),
        ({"block_seconds": 0.0}, "block_seconds is 0.0; expected a number above 0"),
        ({"timestep_fs": float("nan")}, "timestep_fs is nan"),
        ({"fewest_steps": 9, "most_steps": 8}, "expected at least fewest_steps"),
    ],
)
def test_plan_refuses_what_cannot_be(changes, said):
    with pytest.raises(ConfigError, match=said):
        BenchmarkPlan(**changes)


@pytest.mark.parametrize(
    ("specs", "asked", "models", "reference"),
    [
        (("student:tiny", "student:original"), None, 2, "student:original"),
        (("b.pt", "a.pt"), None, 2, "b.pt"),
        (("b.pt", "a.pt"), "a.pt", 2, "a.pt"),
    ],
)
def test_reference_model(specs, asked, models, reference):
    resolved, found = resolve_models(specs, reference_model=asked)
    assert resolved == specs
    assert len(resolved) == models
    assert found == reference


def test_reference_model_that_was_not_named_is_put_in_front():
    assert resolve_models(("b.pt",), reference_model="a.pt") == (("a.pt", "b.pt"), "a.pt")


def test_no_model():
    with pytest.raises(ConfigError, match="no potential was given"):
        resolve_models((), reference_model=None)


def test_model_named_twice():
    with pytest.raises(ConfigError, match=r"potential 'a\.pt' is named twice"):
        resolve_models(("a.pt", "b.pt", "a.pt"), reference_model=None)


def test_refuse_repeats_lets_different_names_through():
    names = ("water", "methane")
    assert refuse_repeats(names, what="system") == names
    with pytest.raises(ConfigError, match="system 'water' is named twice"):
        refuse_repeats((*names, "water"), what="system")


def test_default_backends_need_no_compiler():
    assert resolve_backends(None) == DEFAULT_BACKENDS
    assert set(BACKENDS) - set(DEFAULT_BACKENDS) == {"python-compiled"}
    assert resolve_backends(("python-compiled", "python")) == ("python-compiled", "python")


def test_unknown_or_repeated_backend():
    with pytest.raises(ConfigError, match="unknown backend 'torchfrce'; did you mean 'torchforce'"):
        resolve_backends(("torchfrce",))
    with pytest.raises(ConfigError, match="backend 'python' is named twice"):
        resolve_backends(("python", "python"))


def test_peers():
    assert resolve_peers(None) == DEFAULT_PEERS
    assert resolve_peers(("none",)) == ()
    assert resolve_peers(["ase:a.b:C", "ase:d.e:F"]) == ("ase:a.b:C", "ase:d.e:F")


@pytest.mark.parametrize("names", [("xtb",), ("none", "ase:a.b:C")])
def test_unknown_peer(names):
    with pytest.raises(ConfigError, match="unknown peer"):
        resolve_peers(names)


def test_threads():
    assert read_threads("AUTO") is None
    assert read_threads("3") == 3


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "99999"])
def test_threads_that_cannot_be(text):
    with pytest.raises(ConfigError, match="expected auto or a whole number from 1"):
        read_threads(text)


@pytest.mark.parametrize(
    ("seconds_per_step", "steps"), [(0.01, 25), (10.0, 5), (1e-6, 500), (0.0, 500)]
)
def test_steps_of_a_block(seconds_per_step, steps):
    plan = BenchmarkPlan(block_seconds=0.25, fewest_steps=5, most_steps=500)
    assert plan.steps_of_block(seconds_per_step) == steps
