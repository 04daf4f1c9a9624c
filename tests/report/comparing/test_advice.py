from openmm_mlff.report.comparing.advice import recommend
from openmm_mlff.report.comparing.pareto import pareto
from openmm_mlff.results import ClaimStatus, VerdictStatus


def said(*reports):
    return " ".join(recommend(reports, weighed=pareto(reports)))


def test_accuracy_and_speed_are_weighed(make_model):
    text = said(
        make_model("close", {"water": (0.01, 4.0)}),
        make_model("fast", {"water": (0.03, 1.0)}),
        make_model("middle", {"water": (0.02, 2.0)}),
        make_model("beaten", {"water": (0.03, 2.5)}),
    )
    assert "Where accuracy counts use close; where speed counts use fast, 4 times as fast" in text
    assert "at 3 times the force error (on water)" in text
    assert "on the same front: middle." in text
    assert "both faster and more accurate than beaten." in text


def test_the_best_in_both_is_named(make_model):
    text = said(make_model("good", {"water": (0.01, 1.0)}), make_model("x", {"water": (0.1, 2.0)}))
    assert text.startswith("Use good: the most accurate and the fastest")


def test_hardly_slower_is_not_worth_a_larger_error(make_model):
    text = said(make_model("a", {"water": (0.01, 1.02)}), make_model("b", {"water": (0.1, 1.0)}))
    assert text.startswith("Use a: the most accurate of those approved, and hardly slower")


def test_only_approved_models_are_recommended(make_model):
    rejected = make_model("fast", {"water": (0.001, 0.1)}, status=VerdictStatus.REJECTED)
    text = said(make_model("slow", {"water": (0.1, 9.0)}), rejected)
    assert text == "Use slow: it is the only approved one. Do not use fast: REJECTED."


def test_none_approved_is_said(make_model):
    text = said(make_model("a", {"water": (0.1, 1.0)}, status=VerdictStatus.INCONCLUSIVE))
    assert text.startswith("None of these models is approved")
    assert "Not yet a: INCONCLUSIVE" in text


def test_what_was_not_measured_is_not_weighed(make_model):
    text = said(make_model("a", {"water": (0.1, 1.0)}), make_model("b", {"water": (None, 1.0)}))
    assert "Accuracy and speed of b were not measured on the same systems" in text


def test_an_approval_without_accuracy_says_so(make_model):
    good = make_model("good", {"water": (0.01, 1.0)}, accurate=ClaimStatus.NOT_ASKED)
    assert "The accuracy of good was not judged." in said(good)
