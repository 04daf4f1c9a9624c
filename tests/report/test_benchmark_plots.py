import pytest

from openmm_mlff.plots import Level
from openmm_mlff.report.benchmark_plots import (
    atoms_plot,
    backend_plots,
    benchmark_plots,
    replicas_plot,
    write_benchmark_figures,
)

from .conftest import of_kind


@pytest.fixture
def by_backend(make_benchmark):
    """Two models on two systems, each by two backends, of which the plain one is half as fast."""

    def ratio(value):
        return {"plain_over_step": {"median": value, "low": 0.95 * value, "high": 1.05 * value}}

    found = make_benchmark(ratios=ratio(2.0))["entries"]
    for entry in found:
        step = entry["openmm_ms_per_step"]
        entry["openmm_ms_per_step"] = {name: 0.5 * value for name, value in step.items()}
    plain = make_benchmark(backend="torchforce-plain", fastest=False, ratios=ratio(1.0))
    return found + plain["entries"]


def shown(plot):
    """Heights by the names of the bars, by the titles of the panels."""
    return {
        panel.title: {bars.name: list(bars.heights) for bars in panel.bars()}
        for panel in plot.panels
    }


def levels(panel):
    return [level.value for level in of_kind(panel, Level)]


def names(plots):
    return [plot.name for plot in plots if plot.has_data()]


def test_times_speedups_and_memory_are_bars_of_each_model(make_benchmark):
    found = make_benchmark(peak_device_mebibytes=300.0)["entries"]
    times, speedups, memory = benchmark_plots(found)
    of_a_system = {
        "OpenMM": [2.0, 1.0],
        "OpenMM with reporters": [2.5, 1.25],
        "ASE": [3.0, 1.5],
        "model alone": [1.5, 0.75],
    }
    assert shown(times) == {"water": of_a_system, "methane": of_a_system}
    water = times.panels[0]
    assert water.x.categories == ("original", "tiny")
    bars = water.bars()[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((1.8, 2.4))
    platform = "Reference, mixed precision"
    assert shown(speedups) == {platform: {"original": [1.0, 1.0], "tiny": [2.0, 2.0]}}
    assert levels(speedups.panels[0]) == [1.0]
    assert [levels(panel) for panel in memory.panels] == [[640.0], []]
    (resident,) = benchmark_plots(make_benchmark()["entries"])[2].panels
    assert resident.y.label == "Peak resident memory (MiB)"


def test_each_platform_has_its_own_panels(make_benchmark):
    found = [*make_benchmark()["entries"], *make_benchmark(platform="CUDA")["entries"]]
    platforms = ("Reference, mixed precision", "CUDA, mixed precision")
    expected = [f"{system}, {name}" for name in platforms for system in ("water", "methane")]
    assert list(shown(benchmark_plots(found)[0])) == expected


def test_each_backend_is_a_bar_and_the_plain_export_the_unit_of_speedups(by_backend):
    times, speedups, *_ = backend_plots(by_backend)
    of_a_system = {"torchforce": [1.0, 0.5], "torchforce-plain": [2.0, 1.0]}
    assert shown(times) == {"water": of_a_system, "methane": of_a_system}
    assert shown(speedups)["water"] == {"torchforce": [2.0, 2.0]}
    bars = speedups.panels[0].bars()[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((1.9, 2.1))
    assert shown(benchmark_plots(by_backend)[0])["water"]["OpenMM"] == [1.0, 0.5]
    by_backend[0]["backend"] = "native"
    water = shown(backend_plots(by_backend)[0])["water"]
    assert (water["torchforce"], water["native"]) == ([None, 0.5], [1.0, None])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["backends", "plain_speedup", "memory"]),
        ({"ratios": {}}, ["backends", "memory"]),
        (
            {"peak_device_mebibytes": 300.0},
            ["backends", "plain_speedup", "memory", "device_memory"],
        ),
        ({"backend": "torchforce"}, []),
    ],
)
def test_only_what_was_measured_by_backend_is_drawn(by_backend, changes, expected):
    assert names(backend_plots([entry | changes for entry in by_backend])) == expected


def test_figures_are_written_and_one_model_is_not_compared_with_itself(grown, by_backend, tmp_path):
    records = write_benchmark_figures(grown, folder=tmp_path)
    assert all(record.path.is_file() for record in records)
    stems = [record.path.stem for record in records]
    assert stems == ["time_per_step", "speedup", "memory", "scaling", "replicas"]
    assert names(benchmark_plots(by_backend)) == ["time_per_step", "speedup"]
    tiny = [entry for entry in by_backend if entry["model"] == "student:tiny"]
    assert names(benchmark_plots(tiny)) == ["time_per_step"]


def test_scaling_with_atoms_and_replicas_is_drawn_where_it_was_measured(grown, make_benchmark):
    (line,) = atoms_plot(grown).panels[0].marks
    assert (list(line.x), list(line.y)) == ([3, 5], [1.0, 4.5])
    plot = replicas_plot(grown)
    assert [panel.title for panel in plot.panels] == ["water", "methane"]
    even, *marks = plot.panels[0].marks
    assert list(even.y) == [500.0, 2000.0]
    assert [one.name for one in marks if one.name] == ["original", "tiny"]
    (original,) = [one for one in marks if one.name == "original"]
    assert (list(original.x), list(original.y)) == ([1, 4], [500.0, 2000.0])
    assert replicas_plot(make_benchmark()) is atoms_plot(make_benchmark()) is None
