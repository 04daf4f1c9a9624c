import pytest

from openmm_mlff.report.benchmark_backend_figures import backend_figures
from openmm_mlff.report.benchmark_figures import write_benchmark_figures


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


def bars(axes):
    return [
        [bar.get_height() for bar in container.patches]
        for container in axes.containers
        if hasattr(container, "patches")
    ]


def names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_one_backend_has_no_such_figures(make_benchmark, tmp_path):
    assert backend_figures(make_benchmark(), folder=tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_times_are_a_panel_a_system_a_group_a_model_a_bar_a_backend(
    make_backends, figures, tmp_path
):
    records = backend_figures(make_backends(), folder=tmp_path)
    assert [one.path.name for one in records] == [
        "backends.png",
        "plain_speedup.png",
        "memory.png",
    ]
    water, methane = figures[0].axes
    assert [axes.get_title(loc="right") for axes in (water, methane)] == ["water", "methane"]
    assert bars(water) == [[1.0, 0.5], [2.0, 1.0]]
    assert [text.get_text() for text in water.get_xticklabels()] == ["original", "tiny"]
    assert names(figures[0]) == ["torchforce", "torchforce-plain"]


def test_speedups_leave_the_plain_export_out(make_backends, figures, tmp_path):
    backend_figures(make_backends(), folder=tmp_path)
    water = figures[1].axes[0]
    assert bars(water) == [[2.0, 2.0]]
    assert names(figures[1]) == ["torchforce"]
    assert 1.0 in [line.get_ydata()[0] for line in water.lines]
    assert water.collections[0].get_segments()[0][:, 1] == pytest.approx([1.9, 2.1])


def test_without_the_plain_export_there_is_no_such_speedup(make_backends, tmp_path):
    found = make_backends()
    for entry in found["entries"]:
        entry["ratios"] = {}
    drawn = [one.path.name for one in backend_figures(found, folder=tmp_path)]
    assert drawn == ["backends.png", "memory.png"]


def test_memory_of_a_device_has_a_figure_of_its_own(make_backends, figures, tmp_path):
    found = make_backends()
    for entry in found["entries"]:
        entry["peak_device_mebibytes"] = 300.0
    records = backend_figures(found, folder=tmp_path)
    assert records[-1].path.name == "device_memory.png"
    assert bars(figures[-1].axes[0]) == [[300.0, 300.0], [300.0, 300.0]]


def test_a_model_without_a_choice_is_marked_where_it_has_none(make_backends, figures, tmp_path):
    found = make_backends()
    found["entries"][0]["backend"] = "native"
    backend_figures(found, folder=tmp_path)
    notes = [text.get_text() for text in figures[0].axes[0].texts]
    # Its torchforce bar is missing, and so is the native bar of the other model.
    assert notes == ["n/a", "n/a"]


def test_of_several_backends_the_fastest_is_taken_apart(make_backends, figures, tmp_path):
    records = write_benchmark_figures(make_backends(), folder=tmp_path)
    assert [record.path.name for record in records] == [
        "time_per_step.png",
        "speedup.png",
        "backends.png",
        "plain_speedup.png",
        "memory.png",
    ]
    assert bars(figures[0].axes[0])[0] == [1.0, 0.5]
    assert "fastest backend" in records[0].caption


def test_one_model_is_not_compared_with_itself(make_backends, tmp_path):
    found = make_backends()
    found["entries"] = [one for one in found["entries"] if one["model"] == "student:tiny"]
    names = [one.path.name for one in write_benchmark_figures(found, folder=tmp_path)]
    assert "speedup.png" not in names
    assert "backends.png" in names
