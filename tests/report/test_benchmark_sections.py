import pytest

from openmm_mlff.report.benchmark_sections import (
    STAGES_TITLE,
    further_tables,
    render_ratios,
    render_replicas,
)

MODEL = {"model": "m", "backend": "b", "system": "water", "platform": "CPU"}
OPERATOR = {"calls_per_step": 19.0, "self_cpu_us_per_step": 631.0, "share": 0.25}
PROFILE = MODEL | {
    "operator_calls_per_step": 9,
    "operators": [OPERATOR | {"name": "aten::mm"}],
    "stages": {"model": 3.0, "integration": 0.5, "marshalling": 0.5, "reporters": 0.25},
}
PEER = {
    **{"peer": "ase:a:B", "system": "water", "n_atoms": 3, "call": "forces", "skipped": ""},
    "ms_per_call": {"median": 2.0, "p25": 1.5, "p75": 3.25},
}


@pytest.fixture
def compared(make_benchmark):
    """Two models on two systems, with ratios."""
    medians = {"step_over_model": 1.1, "reporters_over_model": 1.3, "plain_over_step": 2.0}
    return make_benchmark(
        backend="torchforce",
        fastest=True,
        threads=2,
        threads_chosen=True,
        first_call_s=0.75,
        ratios={
            name: {"median": value, "low": value - 0.1, "high": value + 0.1}
            for name, value in medians.items()
        },
    )


def sections(benchmark):
    return {title: (heads, rows) for title, heads, rows in further_tables(benchmark)}


def test_ratios_have_backend_platform_and_threads(compared):
    ((title, (heads, rows)),) = sections(compared).items()
    assert title.startswith("Ratios")
    assert len(heads) == len(rows[0]) == 7
    where = ["water", "student:original", "torchforce*", "Reference, threads 2 (measured)"]
    assert rows[0] == [*where, "1.1 (1–1.2)", "1.3 (1.2–1.4)", "2 (1.9–2.1)"]
    compared["entries"][1].update(fastest=False, threads_chosen=False)
    assert sections(compared)[title][1][1][2:4] == ["torchforce", "Reference, threads 2"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_ratios_and_first_calls(printed, compared, width):
    text = printed(render_ratios, compared, width=width)
    assert "water, tiny" in text
    assert "1.2–1.4" in text
    lines = [line.split() for line in text.splitlines()]
    assert lines.count(["torchforce*", "1.1", "1.3", "2", "0.75"]) == 4


def test_the_gain_of_replicas_is_in_both_tables(printed, grown):
    heads, rows = sections(grown)["Replicas in one Context"]
    assert heads[5] == "ms per replica-step"
    assert rows[0][4:] == ["4", "0.5 (0.4–0.6)", "3.5 (3–4)", "86.4"]
    assert "3.5 (3–4)" in printed(render_replicas, grown, width=80)


@pytest.mark.parametrize(
    ("part", "row", "title", "expected"),
    [
        ("peers", PEER, "Peers", ["water", "ase:a:B", "forces", "2 (1.5–3.25)"]),
        (
            "peers",
            PEER | {"ms_per_call": None, "skipped": "not installed"},
            "Peers",
            ["water", "ase:a:B", "forces", "not installed"],
        ),
        (
            "scaling",
            MODEL | {"exponent": 1.25, "n_atoms": [3, 12], "ms_per_step": [1, 4.5]},
            "Scaling with atoms",
            ["m", "b", "CPU", "3: 1, 12: 4.5", "1.2"],
        ),
        (
            "profiles",
            PROFILE | {"operators": []},
            STAGES_TITLE,
            ["water", "m", "b", "3 (75 %)", "0.5 (12 %)", "0.5 (12 %)", "0.25", "9"],
        ),
        (
            "profiles",
            PROFILE,
            "Operators: m by b on water, CPU",
            ["aten::mm", "19", "631", "25.0 %"],
        ),
        (
            "skipped",
            MODEL | {"reason": "pairs change"},
            "Not measured",
            ["water", "m", "b", "pairs change"],
        ),
    ],
)
def test_each_further_table_has_its_rows(part, row, title, expected):
    heads, rows = sections({part: [row]})[title]
    assert rows == [expected]
    assert len(heads) == len(expected)


def test_a_benchmark_without_more_has_no_more_tables(printed, make_benchmark):
    assert further_tables(make_benchmark()) == []
    assert printed(render_ratios, make_benchmark()) == ""
