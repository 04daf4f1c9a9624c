import pytest

from openmm_mlff.plots import Level
from openmm_mlff.report.benchmark_data import entries
from openmm_mlff.report.benchmark_plots import (
    backend_plots,
    benchmark_plots,
    write_benchmark_figures,
)
from openmm_mlff.report.benchmark_scaling import atoms_plot, replicas_plot

from .conftest import of_kind

NOT_COMPARED = ("speedup_over_original", "peak_resident_mebibytes", "baseline_resident_mebibytes")


@pytest.fixture
def by_backend(make_benchmark):
    """Two models on two systems, each by two backends, of which the plain one is half as fast."""

    def ratio(value):
        return {"plain_over_step": {"median": value, "low": 0.95 * value, "high": 1.05 * value}}

    found = make_benchmark(backend="torchforce", fastest=True, ratios=ratio(2.0))
    for entry in found["entries"]:
        step = entry["openmm_ms_per_step"]
        entry["openmm_ms_per_step"] = {name: 0.5 * value for name, value in step.items()}
    plain = make_benchmark(backend="torchforce-plain", fastest=False, ratios=ratio(1.0))
    return found | {"entries": found["entries"] + plain["entries"]}


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
    times, speedups, memory = benchmark_plots(make_benchmark())
    of_a_system = {"OpenMM": [2.0, 1.0], "ASE": [3.0, 1.5], "model alone": [1.5, 0.75]}
    assert shown(times) == {"water": of_a_system, "methane": of_a_system}
    water = times.panels[0]
    assert water.x.categories == ("original", "tiny")
    bars = water.bars()[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((1.8, 2.4))
    platform = "Reference, mixed precision"
    assert shown(speedups) == {platform: {"original": [1.0, 1.0], "tiny": [2.0, 2.0]}}
    assert levels(speedups.panels[0]) == [1.0]
    (resident,) = memory.panels
    assert levels(resident) == [640.0]
    *_, memory = benchmark_plots(make_benchmark(peak_device_mebibytes=300.0))
    assert [panel.y.label for panel in memory.panels] == [
        "Peak resident memory (MiB)",
        "Peak device memory (MiB)",
    ]


def test_only_measured_quantities_are_drawn_and_each_platform_by_itself(make_benchmark):
    found = make_benchmark(reporters_ms_per_step=2.5)
    found["entries"][0]["ase_ms_per_step"] = None
    found["entries"] += make_benchmark(platform="CUDA")["entries"]
    times = shown(benchmark_plots(found)[0])
    platforms = ("Reference, mixed precision", "CUDA, mixed precision")
    assert list(times) == [f"{system}, {p}" for p in platforms for system in ("water", "methane")]
    water = times["water, Reference, mixed precision"]
    assert water["ASE"] == [None, 1.5]
    assert water["OpenMM with reporters"] == [2.5, 2.5]


def test_each_backend_is_a_bar_and_the_plain_export_the_unit_of_speedups(by_backend):
    times, speedups, *_ = backend_plots(entries(by_backend))
    of_a_system = {"torchforce": [1.0, 0.5], "torchforce-plain": [2.0, 1.0]}
    assert shown(times) == {"water": of_a_system, "methane": of_a_system}
    assert shown(speedups)["water"] == {"torchforce": [2.0, 2.0]}
    bars = speedups.panels[0].bars()[0]
    assert (bars.low[0], bars.high[0]) == pytest.approx((1.9, 2.1))
    assert shown(benchmark_plots(by_backend)[0])["water"]["OpenMM"] == [1.0, 0.5]
    by_backend["entries"][0]["backend"] = "native"
    water = shown(backend_plots(entries(by_backend))[0])["water"]
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
    found = [{**entry, **changes} for entry in entries(by_backend)]
    assert names(backend_plots(found)) == expected


def test_figures_are_written_for_what_was_measured(make_benchmark, by_backend, tmp_path):
    def written(benchmark):
        records = write_benchmark_figures(benchmark, folder=tmp_path)
        assert all(record.path.is_file() for record in records)
        return [record.path.stem for record in records]

    assert written(make_benchmark(**dict.fromkeys(NOT_COMPARED))) == ["time_per_step"]
    assert written({"entries": []}) == []
    # One model is not compared with itself.
    tiny = [entry for entry in by_backend["entries"] if entry["model"] == "student:tiny"]
    assert names(benchmark_plots({"entries": tiny})) == ["time_per_step"]
    expected = ["time_per_step", "speedup", "backends", "plain_speedup", "memory"]
    assert names([*benchmark_plots(by_backend), *backend_plots(entries(by_backend))]) == expected


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
    assert replicas_plot(make_benchmark()) is None
    assert atoms_plot(make_benchmark()) is None
