import pytest

from openmm_mlff.report.benchmark_data import model_names
from openmm_mlff.report.benchmark_tables import benchmark_markdown, render_benchmark
from openmm_mlff.report.figures import FigureRecord


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_every_number(printed, make_benchmark, width):
    lines = [
        line.split()
        for line in printed(render_benchmark, make_benchmark(), width=width).splitlines()
    ]
    assert lines.count(["original", "2", "3", "1.5", "21.6", "812", "1"]) == 2
    assert lines.count(["tiny", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2


def test_names_are_shortened_where_they_stay_different():
    short = {"student:tiny": "tiny", "runs/a/best.pt": "best.pt"}
    assert model_names(list(short)) == short
    same = ["runs/a/best.pt", "runs/b/best.pt"]
    assert model_names(same) == {model: model for model in same}


def test_columns_without_values_are_omitted(printed, make_benchmark):
    text = printed(render_benchmark, make_benchmark(ase_ms_per_step=None))
    assert "ASE" not in text
    assert "Device" not in text


def test_the_page_has_quartiles_machine_and_figures(make_benchmark, tmp_path):
    figure = FigureRecord(tmp_path / "speedup.png", "Speedup", "How much faster.", "")
    page = benchmark_markdown(make_benchmark(), figures=[figure], folder=tmp_path, title="Speed")
    assert page.startswith("# Speed\n")
    for part in (
        "| water | student:tiny | 427,001 | 1 (0.9–1.2) | 1.5 (1.35–1.8) |",
        r"| environment.cpu | `Brand \| X` |",
        "| method.rounds | `9` |",
        'src="speedup.png"',
        "How much faster.",
    ):
        assert part in page
    assert "Nothing was measured." in benchmark_markdown({"entries": []}, folder=tmp_path)


def test_backends_have_a_column_and_a_name(printed, make_benchmark, tmp_path):
    found = make_benchmark(backend="torchforce", first_call_s=0.75)
    found["entries"] += make_benchmark(backend="python", first_call_s=0.25)["entries"]
    page = benchmark_markdown(found, folder=tmp_path)
    assert "| water | student:tiny | python | 427,001 | 1 (0.9–1.2) |" in page
    assert "| First call (s) |" in page
    found["entries"].sort(key=lambda entry: (entry["system"], entry["model"]))
    lines = [line.split() for line in printed(render_benchmark, found, width=80).splitlines()]
    assert lines.count(["water,", "tiny"]) == 1
    assert lines.count(["python", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2
