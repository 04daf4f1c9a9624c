import pytest

from openmm_mlff.report.comparing.advice import recommend
from openmm_mlff.report.comparing.pareto import pareto
from openmm_mlff.results import ClaimStatus, VerdictStatus

REJECTED = {"status": VerdictStatus.REJECTED}
INCONCLUSIVE = {"status": VerdictStatus.INCONCLUSIVE}
FOUR = {"a": (0.01, 4.0), "fast": (0.03, 1.0), "mid": (0.02, 2.0), "beaten": (0.03, 2.5)}


@pytest.mark.parametrize(
    ("models", "verdicts", "parts"),
    [
        (FOUR, {}, ["use a;", "use fast, 4 times", "at 3 times", "front: mid.", "beaten."]),
        ({"good": (0.01, 1.0), "x": (0.1, 2.0)}, {}, ["Use good: the most accurate and the fast"]),
        # Hardly slower is not worth a larger error.
        ({"a": (0.01, 1.02), "b": (0.1, 1.0)}, {}, ["Use a: the most accurate"]),
        (
            {"a": (0.1, 9.0), "b": (0.001, 0.1)},
            {"b": REJECTED},
            ["Use a: it is the only approved", "Do not use b: REJECTED"],
        ),
        ({"a": (0.1, 1.0)}, {"a": INCONCLUSIVE}, ["None of these", "Not yet a: INCONCLUSIVE"]),
        ({"a": (0.1, 1.0), "b": (None, 1.0)}, {}, ["Approved: a and b", "speed of b were not"]),
        (
            {"good": (0.01, 1.0)},
            {"good": {"accurate": ClaimStatus.NOT_ASKED}},
            ["accuracy of good was not judged"],
        ),
    ],
)
def test_the_advice_names_the_models_to_use_and_not_to_use(make_models, models, verdicts, parts):
    reports = make_models(models, **verdicts)
    text = " ".join(recommend(reports, weighed=pareto(reports)))
    assert [part for part in parts if part not in text] == []


def test_models_on_different_systems_are_not_weighed(make_models):
    first, second = make_models({"a": (0.01, 4.0), "b": (0.03, 1.0)})
    reports = [first, second.model_copy(update={"systems": ("methane",)})]
    text = " ".join(recommend(reports, weighed=pareto(reports)))
    assert "own systems: a and b" in text
    assert "Use" not in text
