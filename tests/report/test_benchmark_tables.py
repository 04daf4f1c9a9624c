import pytest

from openmm_mlff.report.benchmark_data import model_names
from openmm_mlff.report.benchmark_tables import (
    STAGES_TITLE,
    benchmark_markdown,
    further_tables,
    render_benchmark,
)
from openmm_mlff.report.figures import FigureRecord

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
    ratios = {
        name: {"median": value, "low": value - 0.1, "high": value + 0.1}
        for name, value in medians.items()
    }
    return make_benchmark(ratios=ratios)


def sections(benchmark):
    return {title: (heads, rows) for title, heads, rows in further_tables(benchmark)}


def lines_of(text):
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_times_ratios_and_first_calls(printed, compared, width):
    text = printed(render_benchmark, compared, width=width)
    lines = lines_of(text)
    assert lines.count(["original", "2", "3", "1.5", "21.6", "812", "1"]) == 2
    assert lines.count(["tiny", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2
    assert lines.count(["torchforce*", "1.1", "1.3", "2", "0.75"]) == 4
    assert "1.2–1.4" in text
    assert "Device" not in text


def test_names_are_shortened_where_they_stay_different():
    short = {"student:tiny": "tiny", "runs/a/best.pt": "best.pt"}
    assert model_names(list(short)) == short
    same = ["runs/a/best.pt", "runs/b/best.pt"]
    assert model_names(same) == {model: model for model in same}


def test_the_page_has_quartiles_machine_and_figures(make_benchmark, tmp_path):
    figure = FigureRecord(tmp_path / "speedup.png", "Speedup", "How much faster.", "")
    page = benchmark_markdown(make_benchmark(), figures=[figure], folder=tmp_path, title="Speed")
    assert page.startswith("# Speed\n")
    for part in (
        "| water | student:tiny | torchforce | 427,001 | 1 (0.9–1.2) | 1.25 (1.12–1.5) |",
        "| First call (s) |",
        r"| environment.cpu | `Brand \| X` |",
        "| method.rounds | `9` |",
        'src="speedup.png"',
        "How much faster.",
    ):
        assert part in page
    nothing = make_benchmark() | {"entries": []}
    assert "Nothing was measured." in benchmark_markdown(nothing, folder=tmp_path)


def test_several_backends_are_rows_of_their_model(printed, make_benchmark):
    found = make_benchmark()
    found["entries"] += make_benchmark(backend="python")["entries"]
    found["entries"].sort(key=lambda entry: (entry["system"], entry["model"]))
    lines = lines_of(printed(render_benchmark, found, width=80))
    assert lines.count(["water,", "tiny"]) == 1
    assert lines.count(["python", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2


def test_ratios_have_backend_platform_and_threads(compared, make_benchmark):
    ((title, (heads, rows)),) = sections(compared).items()
    assert title.startswith("Ratios")
    assert len(heads) == len(rows[0]) == 7
    where = ["water", "student:original", "torchforce*", "Reference, threads 2 (measured)"]
    assert rows[0] == [*where, "1.1 (1–1.2)", "1.3 (1.2–1.4)", "2 (1.9–2.1)"]
    compared["entries"][1].update(fastest=False, threads_chosen=False)
    assert sections(compared)[title][1][1][2:4] == ["torchforce", "Reference, threads 2"]
    assert further_tables(make_benchmark()) == []


def test_the_gain_of_replicas_is_in_both_tables(printed, grown):
    heads, rows = sections(grown)["Replicas in one Context"]
    assert heads[5] == "ms per replica-step"
    assert rows[0][4:] == ["4", "0.5 (0.4–0.6)", "3.5 (3–4)", "86.4"]
    assert "3.5 (3–4)" in printed(render_benchmark, grown, width=80)


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
def test_each_further_table_has_its_rows(make_benchmark, part, row, title, expected):
    heads, rows = sections(make_benchmark() | {part: [row]})[title]
    assert rows == [expected]
    assert len(heads) == len(expected)
