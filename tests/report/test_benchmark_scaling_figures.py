import pytest
from rich.console import Console

from openmm_mlff.report.benchmark_scaling_figures import atoms_figure, replicas_figure
from openmm_mlff.report.benchmark_sections import further_tables, render_replicas


@pytest.fixture
def grown(make_benchmark):
    """Two models by one backend, alone and four together, on two systems."""
    found = make_benchmark(backend="torchforce")
    found["scaling"] = [
        {
            "model": "student:tiny",
            "backend": "torchforce",
            "platform": "Reference",
            "n_atoms": [3, 5],
            "ms_per_step": [1.0, 2.0],
            "exponent": 1.36,
        }
    ]
    found["replicas"] = [
        {
            "model": entry["model"],
            "backend": "torchforce",
            "system": entry["system"],
            "platform": "Reference",
            "threads": 1,
            "replicas": 4,
            "ms_per_replica_step": {"median": 0.5, "p25": 0.4, "p75": 0.6},
            "gain": {"median": 3.5, "low": 3.0, "high": 4.0},
            "ns_per_day": 86.4,
        }
        for entry in found["entries"]
    ]
    return found


def test_throughput_is_a_panel_a_system_and_a_line_a_model(grown, figures, tmp_path, png_inches):
    record = replicas_figure(grown, path=tmp_path / "r.png")
    assert png_inches(record.path) == pytest.approx((7.0, 2.9), abs=0.01)
    water, methane = figures[0].axes
    assert [axes.get_title(loc="right") for axes in (water, methane)] == ["water", "methane"]
    original = water.lines[0]
    assert list(original.get_xdata()) == [1, 4]
    assert list(original.get_ydata()) == [500.0, 2000.0]
    even = water.lines[2]
    assert list(even.get_ydata()) == [500.0, 2000.0]
    names = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert names == ["original", "tiny"]


def test_time_against_atoms_is_a_line_a_model(grown, figures, tmp_path):
    atoms_figure(grown, path=tmp_path / "a.png")
    (line,) = figures[0].axes[0].lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([3, 5], [1.0, 2.0])


def test_where_nothing_grew_nothing_is_drawn(make_benchmark, tmp_path):
    assert replicas_figure(make_benchmark(), path=tmp_path / "r.png") is None
    assert atoms_figure(make_benchmark(), path=tmp_path / "a.png") is None


def test_the_gain_stands_in_both_tables(grown, capsys):
    ((_, heads, rows),) = [one for one in further_tables(grown) if one[0].startswith("Replicas")]
    assert heads[5] == "ms a replica-step"
    assert rows[0][4:] == ["4", "0.5 (0.4–0.6)", "3.5 (3–4)", "86.4"]
    render_replicas(grown, console=Console(width=80))
    assert "3.5 (3–4)" in capsys.readouterr().out
