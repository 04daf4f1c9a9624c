import pytest

from openmm_mlff.report.comparing.pareto import pareto


def test_who_is_beaten_in_both_is_not_on_the_front(make_model):
    reports = [
        make_model("close", {"water": (0.01, 4.0)}),
        make_model("fast", {"water": (0.05, 1.0)}),
        make_model("beaten", {"water": (0.06, 2.0)}),
    ]
    found = {point.label: point.on_front for point in pareto(reports).points}
    assert found == {"fast": True, "beaten": False, "close": True}


def test_equals_are_both_on_the_front(make_model):
    reports = [make_model(name, {"water": (0.01, 4.0)}) for name in ("a", "b")]
    assert all(point.on_front for point in pareto(reports).points)


def test_the_mean_is_geometric_over_what_all_have(make_model):
    reports = [
        make_model("a", {"water": (0.01, 1.0), "methane": (0.04, 4.0), "alanine": (9.0, 9.0)}),
        make_model("b", {"water": (0.1, 1.0), "methane": (0.1, 1.0)}),
    ]
    found = pareto(reports)
    assert found.systems == ("water", "methane")
    a = next(point for point in found.points if point.label == "a")
    assert (a.error, a.time) == (pytest.approx(0.02), pytest.approx(2.0))


def test_a_model_without_one_of_the_numbers_is_named(make_model):
    reports = [make_model("a", {"water": (0.1, 1.0)}), make_model("b", {"water": (None, 1.0)})]
    found = pareto(reports)
    assert [point.label for point in found.points] == ["a"]
    assert found.missing == ("b",)


def test_nothing_in_common_gives_no_points(make_model):
    reports = [make_model("a", {"water": (0.1, 1.0)}), make_model("b", {"methane": (0.1, 1.0)})]
    found = pareto(reports)
    assert found.points == ()
    assert found.missing == ("a", "b")
    assert pareto([]).points == ()
