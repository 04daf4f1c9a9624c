import pytest

from openmm_mlff.report import benchmark_data as data

ENTRY = {
    "time": {"median": 2, "p25": 1.5, "p75": 3.25},
    "open": {"median": 2, "p25": 1.5, "p75": None},
    "rate": 7.5,
    "device": None,
    "ratios": {"step_over_model": {"median": 1.5, "low": 1.25, "high": 2.0}},
}


@pytest.mark.parametrize(
    ("key", "median", "quartile", "text"),
    [
        ("time", 2.0, 3.25, "2 (1.5–3.25)"),
        ("open", 2.0, None, "2"),
        ("rate", 7.5, None, "7.5"),
        ("device", None, None, "–"),
        ("missing", None, None, "–"),
    ],
)
def test_statistics_are_read_and_written_with_their_quartiles(key, median, quartile, text):
    assert data.statistic(ENTRY, key=key) == median
    assert data.statistic(ENTRY, key=key, name="p75") == quartile
    assert data.spread_text(ENTRY, key=key) == text


def test_ratios_are_written_with_their_interval():
    assert data.ratio_text(ENTRY, key="step_over_model") == "1.5 (1.25–2)"
    assert data.ratio_text(ENTRY, key="plain_over_step") == "–"
    assert data.ratio_of({}, key="plain_over_step") == {}


def test_names_are_shortened_where_they_stay_different():
    short = {"student:tiny": "tiny", "runs/a/best.pt": "best.pt"}
    assert data.model_names(list(short)) == short
    same = ["runs/a/best.pt", "runs/b/best.pt"]
    assert data.model_names(same) == {model: model for model in same}
