import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from openmm_mlff.report.benchmark_tables import benchmark_markdown, render_benchmark
from openmm_mlff.report.figures import FigureRecord


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_every_number(make_benchmark, width):
    stream = io.StringIO()
    render_benchmark(make_benchmark(), console=Console(file=stream, width=width))
    text = stream.getvalue()
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "Reference, mixed precision" in text
    lines = [line.split() for line in text.splitlines()]
    assert lines.count(["original", "2", "3", "1.5", "21.6", "812", "1"]) == 2
    assert lines.count(["tiny", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2


def test_columns_that_nobody_filled_are_left_out(make_benchmark):
    stream = io.StringIO()
    render_benchmark(make_benchmark(ase_ms_per_step=None), console=Console(file=stream, width=100))
    assert "ASE" not in stream.getvalue()
    assert "Device" not in stream.getvalue()


def test_the_page_has_quartiles_machine_and_figures(make_benchmark, tmp_path):
    figure = FigureRecord(tmp_path / "speedup.png", "Speedup", "How much faster.", "")
    page = benchmark_markdown(make_benchmark(), figures=[figure], folder=tmp_path, title="Speed")
    assert page.startswith("# Speed\n")
    assert "| water | student:tiny | 427,001 | 1 (0.9–1.2) | 1.5 (1.35–1.8) |" in page
    assert r"| environment.cpu | `Brand \| X` |" in page
    assert "| method.rounds | `9` |" in page
    assert 'src="speedup.png"' in page
    assert "How much faster." in page
    assert "\n\n\n" not in page


def test_an_empty_benchmark_says_so(tmp_path):
    assert "Nothing was measured." in benchmark_markdown({"entries": []}, folder=tmp_path)


def test_backends_have_a_column_and_a_name(make_benchmark, tmp_path):
    found = make_benchmark(backend="torchforce", first_call_s=0.75)
    found["entries"] += make_benchmark(backend="python", first_call_s=0.25)["entries"]
    page = benchmark_markdown(found, folder=tmp_path)
    assert "| water | student:tiny | python | 427,001 | 1 (0.9–1.2) |" in page
    assert "| First call (s) |" in page
    stream = io.StringIO()
    found["entries"].sort(key=lambda entry: (entry["system"], entry["model"]))
    render_benchmark(found, console=Console(file=stream, width=80))
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert lines.count(["water,", "tiny"]) == 1
    assert lines.count(["python", "1", "1.5", "0.75", "43.2", "812", "2"]) == 2
    assert "First call" not in stream.getvalue()
