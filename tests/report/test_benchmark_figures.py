import pytest

from openmm_mlff.report.benchmark_figures import (
    memory_figure,
    speedup_figure,
    time_figure,
    write_benchmark_figures,
)


def bars(axes):
    return [
        [bar.get_height() for bar in container.patches]
        for container in axes.containers
        if hasattr(container, "patches")
    ]


def test_three_figures_are_written(make_benchmark, tmp_path, png_inches):
    records = write_benchmark_figures(make_benchmark(), folder=tmp_path)
    assert [record.path.name for record in records] == [
        "time_per_step.png",
        "speedup.png",
        "memory.png",
    ]
    assert png_inches(records[0].path) == pytest.approx((7.0, 2.5), abs=0.01)
    assert png_inches(records[1].path) == pytest.approx((3.4, 2.4), abs=0.01)
    assert "Reference, mixed precision" in records[0].caption


def test_times_are_a_panel_a_system_and_a_bar_a_path(make_benchmark, figures, tmp_path):
    time_figure(make_benchmark(), path=tmp_path / "t.png")
    water, methane = figures[0].axes
    assert [axes.get_title(loc="right") for axes in (water, methane)] == ["water", "methane"]
    assert bars(water) == [[2.0, 1.0], [3.0, 1.5], [1.5, 0.75]]
    assert [text.get_text() for text in water.get_xticklabels()] == ["original", "tiny"]
    names = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert names == ["OpenMM", "ASE", "model alone"]
    whiskers = water.collections[0].get_segments()
    assert whiskers[0][:, 1] == pytest.approx([1.8, 2.4])


def test_speedups_are_a_bar_a_model(make_benchmark, figures, tmp_path):
    speedup_figure(make_benchmark(), path=tmp_path / "s.png")
    (axes,) = figures[0].axes
    assert bars(axes) == [[1.0, 1.0], [2.0, 2.0]]
    assert 1.0 in [line.get_ydata()[0] for line in axes.lines]


def test_memory_of_a_device_has_a_panel_of_its_own(make_benchmark, figures, tmp_path):
    memory_figure(make_benchmark(peak_device_mebibytes=300.0), path=tmp_path / "m.png")
    resident, device = figures[0].axes
    assert resident.get_ylabel() == "Peak resident memory (MiB)"
    assert 640.0 in [line.get_ydata()[0] for line in resident.lines]
    assert bars(device) == [[300.0, 300.0], [300.0, 300.0]]


def test_platforms_are_told_apart(make_benchmark, figures, tmp_path):
    both = make_benchmark()
    both["entries"] += make_benchmark(platform="CUDA")["entries"]
    time_figure(both, path=tmp_path / "t.png")
    titles = [axes.get_title(loc="right") for axes in figures[0].axes]
    assert titles == [
        "water, Reference, mixed precision",
        "methane, Reference, mixed precision",
        "water, CUDA, mixed precision",
        "methane, CUDA, mixed precision",
    ]


def test_what_was_not_measured_is_left_out(make_benchmark, tmp_path):
    records = write_benchmark_figures(
        make_benchmark(
            speedup_over_original=None,
            peak_resident_mebibytes=None,
            baseline_resident_mebibytes=None,
        ),
        folder=tmp_path,
    )
    assert [record.path.name for record in records] == ["time_per_step.png"]


def test_what_one_model_lacks_is_marked(make_benchmark, figures, tmp_path):
    found = make_benchmark()
    found["entries"][0]["ase_ms_per_step"] = None
    time_figure(found, path=tmp_path / "t.png")
    assert [text.get_text() for text in figures[0].axes[0].texts] == ["n/a"]
    assert not figures[0].axes[1].texts


def test_steps_with_reporters_have_a_bar(make_benchmark, figures, tmp_path):
    slower = {"median": 2.5, "p25": 2.4, "p75": 2.6}
    time_figure(make_benchmark(reporters_ms_per_step=slower), path=tmp_path / "t.png")
    assert bars(figures[0].axes[0])[1] == [2.5, 2.5]
    assert "OpenMM with reporters" in [t.get_text() for t in figures[0].legends[0].get_texts()]


def test_an_empty_benchmark_has_no_figures(tmp_path):
    assert write_benchmark_figures({"entries": []}, folder=tmp_path) == []
    assert not list(tmp_path.iterdir())
