import pytest

from openmm_mlff.report.comparing.pareto import pareto


@pytest.mark.parametrize(
    ("models", "front", "missing"),
    [
        ({"a": (0.01, 4.0), "b": (0.05, 1.0), "beaten": (0.06, 2.0)}, {"a", "b"}, ()),
        ({"a": (0.01, 4.0), "b": (0.01, 4.0)}, {"a", "b"}, ()),
        ({"a": (0.1, 1.0), "b": (None, 1.0)}, {"a"}, ("b",)),
        ({}, set(), ()),
    ],
)
def test_the_front_holds_the_models_that_none_beats_in_both(make_models, models, front, missing):
    found = pareto(make_models(models))
    assert {point.label for point in found.points if point.on_front} == front
    assert {point.label for point in found.points} == set(models) - set(missing)
    assert found.missing == missing


def test_the_mean_is_geometric_over_the_systems_of_all(make_model):
    b = make_model("b", {"water": (0.1, 1.0), "methane": (0.1, 1.0)})
    numbers = {"water": (0.01, 1.0), "methane": (0.04, 4.0), "alanine": (9.0, 9.0)}
    found = pareto([make_model("a", numbers), b])
    assert found.systems == ("water", "methane")
    (a,) = [point for point in found.points if point.label == "a"]
    assert (a.error, a.time) == (pytest.approx(0.02), pytest.approx(2.0))
    apart = pareto([make_model("a", {"alanine": (0.1, 1.0)}), b])
    assert (apart.points, apart.missing) == ((), ("a", "b"))
