import pytest
from rich.console import Console

from openmm_mlff.plots import Level
from openmm_mlff.report.benchmark_data import entries
from openmm_mlff.report.benchmark_plots import (
    backend_plots,
    benchmark_plots,
    write_benchmark_figures,
)
from openmm_mlff.report.benchmark_scaling import atoms_plot, replicas_plot
from openmm_mlff.report.benchmark_sections import further_tables, render_replicas


@pytest.fixture
def make_backends(make_benchmark):
    """Two models on two systems, each by two backends, of which the plain one is twice as slow."""

    def make():
        twice = {"median": 2.0, "low": 1.9, "high": 2.1}
        once = dict.fromkeys(("median", "low", "high"), 1.0)
        found = make_benchmark(
            backend="torchforce", fastest=True, ratios={"plain_over_step": twice}
        )
        plain = make_benchmark(
            backend="torchforce-plain", fastest=False, ratios={"plain_over_step": once}
        )
        for entry in found["entries"]:
            step = entry["openmm_ms_per_step"]
            entry["openmm_ms_per_step"] = {name: 0.5 * value for name, value in step.items()}
        found["entries"] += plain["entries"]
        return found

    return make


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


def heights(panel):
    return [list(bars.heights) for bars in panel.bars()]


def names(panel):
    return [bars.name for bars in panel.bars()]


def titles(plot):
    return [panel.title for panel in plot.panels]


def levels(panel):
    return [mark.value for mark in panel.marks if isinstance(mark, Level)]


def written(benchmark, folder):
    return [record.path.name for record in write_benchmark_figures(benchmark, folder=folder)]


def test_three_figures_are_written(make_benchmark, tmp_path):
    found = written(make_benchmark(), tmp_path)
    assert found == ["time_per_step.png", "speedup.png", "memory.png"]
    assert all((tmp_path / name).is_file() for name in found)


def test_times_are_a_panel_a_system_and_a_bar_a_path(make_benchmark):
    times, _, _ = benchmark_plots(make_benchmark())
    water, _ = times.panels
    assert titles(times) == ["water", "methane"]
    assert heights(water) == [[2.0, 1.0], [3.0, 1.5], [1.5, 0.75]]
    assert water.x.categories == ("original", "tiny")
    assert names(water) == ["OpenMM", "ASE", "model alone"]
    bars = water.bars()[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((1.8, 2.4))
    assert "Reference, mixed precision" in times.caption


def test_speedups_are_a_bar_a_model(make_benchmark):
    _, speedups, _ = benchmark_plots(make_benchmark())
    (panel,) = speedups.panels
    assert heights(panel) == [[1.0, 1.0], [2.0, 2.0]]
    assert levels(panel) == [1.0]


def test_memory_of_a_device_has_a_panel_of_its_own(make_benchmark):
    *_, memory = benchmark_plots(make_benchmark(peak_device_mebibytes=300.0))
    resident, device = memory.panels
    assert resident.y.label == "Peak resident memory (MiB)"
    assert levels(resident) == [640.0]
    assert heights(device) == [[300.0, 300.0], [300.0, 300.0]]


def test_platforms_are_told_apart(make_benchmark):
    both = make_benchmark()
    both["entries"] += make_benchmark(platform="CUDA")["entries"]
    assert titles(benchmark_plots(both)[0]) == [
        "water, Reference, mixed precision",
        "methane, Reference, mixed precision",
        "water, CUDA, mixed precision",
        "methane, CUDA, mixed precision",
    ]


def test_what_was_not_measured_is_left_out(make_benchmark, tmp_path):
    unmeasured = dict.fromkeys(
        ("speedup_over_original", "peak_resident_mebibytes", "baseline_resident_mebibytes")
    )
    assert written(make_benchmark(**unmeasured), tmp_path) == ["time_per_step.png"]
    assert written({"entries": []}, tmp_path) == []


def test_what_one_model_lacks_is_marked(make_benchmark):
    found = make_benchmark()
    found["entries"][0]["ase_ms_per_step"] = None
    water, methane = benchmark_plots(found)[0].panels
    assert heights(water)[1] == [None, 1.5]
    assert heights(methane)[1] == [3.0, 1.5]


def test_steps_with_reporters_have_a_bar(make_benchmark):
    slower = {"median": 2.5, "p25": 2.4, "p75": 2.6}
    panel = benchmark_plots(make_benchmark(reporters_ms_per_step=slower))[0].panels[0]
    assert heights(panel)[1] == [2.5, 2.5]
    assert names(panel)[1] == "OpenMM with reporters"


def test_one_backend_has_no_plots_of_backends(make_benchmark):
    assert backend_plots(entries(make_benchmark())) == []


def test_backends_are_a_panel_a_system_a_group_a_model_a_bar_a_backend(make_backends):
    times, speedups, *_ = backend_plots(entries(make_backends()))
    water, _ = times.panels
    assert titles(times) == ["water", "methane"]
    assert heights(water) == [[1.0, 0.5], [2.0, 1.0]]
    assert water.x.categories == ("original", "tiny")
    assert names(water) == ["torchforce", "torchforce-plain"]
    # Speedups leave the plain export out.
    panel = speedups.panels[0]
    assert heights(panel) == [[2.0, 2.0]]
    assert names(panel) == ["torchforce"]
    assert levels(panel) == [1.0]
    assert (panel.bars()[0].low[0], panel.bars()[0].high[0]) == pytest.approx((1.9, 2.1))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["backends", "plain_speedup", "memory"]),
        ({"ratios": {}}, ["backends", "memory"]),
        (
            {"peak_device_mebibytes": 300.0},
            ["backends", "plain_speedup", "memory", "device_memory"],
        ),
    ],
)
def test_only_what_was_measured_by_backend_is_drawn(make_backends, changes, expected):
    found = [{**entry, **changes} for entry in entries(make_backends())]
    assert [plot.name for plot in backend_plots(found) if plot.has_data()] == expected


def test_a_backend_that_a_model_lacks_is_marked(make_backends):
    found = make_backends()
    found["entries"][0]["backend"] = "native"
    water = backend_plots(entries(found))[0].panels[0]
    # Its torchforce bar is missing, and so is the native bar of the other model.
    assert sum(height is None for bars in heights(water) for height in bars) == 2


def test_of_several_backends_the_fastest_is_taken_apart(make_backends, tmp_path):
    found = make_backends()
    assert written(found, tmp_path) == [
        "time_per_step.png",
        "speedup.png",
        "backends.png",
        "plain_speedup.png",
        "memory.png",
    ]
    times = benchmark_plots(found)[0]
    assert heights(times.panels[0])[0] == [1.0, 0.5]
    assert "fastest backend" in times.caption


def test_one_model_is_not_compared_with_itself(make_backends):
    found = make_backends()
    found["entries"] = [one for one in found["entries"] if one["model"] == "student:tiny"]
    assert [plot.name for plot in benchmark_plots(found)] == ["time_per_step"]


def test_throughput_is_a_panel_a_system_and_a_line_a_model(grown):
    plot = replicas_plot(grown)
    assert titles(plot) == ["water", "methane"]
    marks = plot.panels[0].marks
    original, even = next(one for one in marks if one.name == "original"), marks[0]
    assert (list(original.x), list(original.y)) == ([1, 4], [500.0, 2000.0])
    assert list(even.y) == [500.0, 2000.0]
    assert [one.name for one in marks if one.name] == ["original", "tiny"]


def test_time_against_atoms_is_a_line_a_model(grown):
    (line,) = atoms_plot(grown).panels[0].marks
    assert (list(line.x), list(line.y)) == ([3, 5], [1.0, 2.0])


def test_where_nothing_grew_nothing_is_drawn(make_benchmark):
    assert replicas_plot(make_benchmark()) is None
    assert atoms_plot(make_benchmark()) is None


def test_the_gain_stands_in_both_tables(grown, capsys):
    ((_, heads, rows),) = [one for one in further_tables(grown) if one[0].startswith("Replicas")]
    assert heads[5] == "ms a replica-step"
    assert rows[0][4:] == ["4", "0.5 (0.4–0.6)", "3.5 (3–4)", "86.4"]
    render_replicas(grown, console=Console(width=80))
    assert "3.5 (3–4)" in capsys.readouterr().out
