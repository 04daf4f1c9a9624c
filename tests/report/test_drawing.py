"""Every kind of mark, drawn by matplotlib and by plotly with the same information."""

import matplotlib
import numpy as np
import pytest

from openmm_mlff.plots import Axis, Band, Bars, Event, Level, Line, Panel, Plot, Points
from openmm_mlff.report.drawing import draw_plot
from openmm_mlff.report.html.charts import render_chart

X = np.arange(5.0)
Y = np.array([1.0, 2.0, np.nan, 4.0, 100.0])
MATHS = "costs $\\frac"
PANELS = {
    "curves": Panel(
        Axis("Time (ps)", (0.0, 4.0)),
        Axis(f"Energy (eV) {MATHS}", (0.5, 200.0), log=True),
        [
            Band(Y - 0.5, Y + 0.5, X, "interval", "bad"),
            Line(X, Y, MATHS),
            Line(X, 2.0 * Y, "dashed", "ink", "dashed", markers=True),
            Points([1.0, 3.0], [2.0, 4.0], "rings", 2, "ring", texts=["first", "second"]),
            Level(50.0, "limit: 50"),
            Event(2.5, "unstable at 2.5 ps"),
        ],
        note="a note",
    ),
    "histogram": Panel(
        Axis("v", ticks=(0.0, 4.0)),
        Axis("Density"),
        [Line(X, [1.0, 2.0, 3.0, 2.0, 1.0], "counts", steps=True), Band(1.0, 2.0, name="allowed")],
    ),
    "bars": Panel(
        Axis(categories=("water", "a\nb", "c")),
        Axis("Time (ms)", (0.0, 5.0)),
        [
            Bars("one", [1.0, 2.0, None], [0.5, 1.5, None], [1.5, 3.0, None], ["", "", "skipped"]),
            Bars("two", [3.0, 4.0, 1.0], failed=frozenset({1})),
        ],
        title="a title",
    ),
}


def words_of_figure(figure):
    found = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="right")]
        found += [text.get_text() for text in axes.texts]
        found += [text.get_text() for text in axes.get_xticklabels()]
    return {word for word in found if word}


def words_of_chart(chart):
    layout = chart["layout"]
    found = [trace["name"] for trace in chart["traces"] if trace.get("showlegend", True)]
    found += [text for trace in chart["traces"] for text in trace.get("text", ())]
    found += [note["text"] for note in layout["annotations"]]
    found += [shape["name"] for shape in layout["shapes"] if shape.get("showlegend")]
    for name, axis in layout.items():
        if name.startswith(("xaxis", "yaxis")):
            found += [axis["title"]["text"], *axis.get("ticktext", ())]
    return {word.replace("<br>", "\n") for word in found if word}


@pytest.fixture
def drawn(figures, tmp_path):
    """Draw panels by both; return the figure and the chart."""

    def draw(*panels, **options):
        plot = Plot("A plot", panels, **options)
        draw_plot(plot, tmp_path / "a.png")
        return figures[-1], render_chart(plot)

    return draw


@pytest.mark.parametrize("name", PANELS)
def test_names_labels_and_texts_are_in_both(name, drawn):
    panel = PANELS[name]
    figure, chart = drawn(panel)
    expected = {getattr(mark, "name", "") for mark in panel.marks} | {panel.title, panel.note}
    expected |= {panel.x.label, panel.y.label, *panel.x.categories}
    expected |= {getattr(mark, "text", "") for mark in panel.marks}
    expected |= {text for mark in panel.marks for text in getattr(mark, "texts", ())}
    if name == "bars":
        expected.add("skipped")
    expected -= {""}
    assert expected <= words_of_figure(figure)
    assert expected <= words_of_chart(chart)


def test_values_scales_and_limits_are_in_both(drawn):
    figure, chart = drawn(PANELS["curves"])
    (axes,) = figure.axes
    line = next(one for one in axes.lines if one.get_label() == MATHS)
    np.testing.assert_array_equal(line.get_ydata(), Y)
    trace = next(one for one in chart["traces"] if one["name"] == MATHS)
    assert trace["y"] == [1.0, 2.0, None, 4.0, 100.0]
    assert axes.get_yscale() == chart["layout"]["yaxis"]["type"] == "log"
    assert axes.get_ylim() == (0.5, 200.0)
    assert chart["layout"]["yaxis"]["range"] == pytest.approx(np.log10([0.5, 200.0]), rel=1e-5)
    level, event = chart["layout"]["shapes"]
    assert (level["y0"], event["x0"]) == (50.0, 2.5)
    drawn = [(list(one.get_xdata()), list(one.get_ydata())) for one in axes.lines]
    assert [50.0, 50.0] in [y for _, y in drawn]
    assert [2.5, 2.5] in [x for x, _ in drawn]


def test_bars_stand_side_by_side_with_their_error_bars(drawn):
    figure, chart = drawn(PANELS["bars"])
    (axes,) = figure.axes
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[:2] + heights[3:] == [1.0, 2.0, 3.0, 4.0, 1.0]
    assert [bar.get_hatch() for bar in axes.patches[3:]] == [None, "////", None]
    assert axes.collections[0].get_segments()[1][:, 1].tolist() == [1.5, 3.0]
    one, two = chart["traces"]
    assert (one["y"], two["y"]) == ([1.0, 2.0, None], [3.0, 4.0, 1.0])
    assert two["x"][0] - one["x"][0] >= one["width"]
    assert one["error_y"]["array"] == [0.5, 1.0, None]
    assert two["marker"]["pattern"]["shape"] == ["", "/", ""]


def test_panels_share_their_legend_and_stacked_ones_their_time_axis(drawn):
    panels = [Panel(Axis("x"), Axis("y"), [Line(X, X, "same")], title=str(k)) for k in range(5)]
    figure, grid = drawn(*panels, columns=4)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["same"]
    assert [one.get("showlegend", True) for one in grid["traces"]] == [True] + [False] * 4
    assert [one["xaxis"] for one in grid["traces"]] == ["x", "x2", "x3", "x4", "x5"]
    first, second = (grid["layout"][name]["domain"] for name in ("xaxis", "xaxis2"))
    assert 0.0 <= first[1] < second[0] < second[1] <= 1.0
    time = Axis("Time (ps)", (0.0, 4.0))
    figure, stack = drawn(*(Panel(time, Axis(str(k)), [Line(X, X)]) for k in range(3)))
    titles = [stack["layout"][f"xaxis{k}"]["title"]["text"] for k in ("", 2, 3)]
    assert [axes.get_xlabel() for axes in figure.axes] == titles == ["", "", "Time (ps)"]


@pytest.mark.parametrize(("columns", "width"), [(1, 3.4), (3, 7.0)])
def test_a_figure_is_a_png_of_its_size(tmp_path, png_inches, columns, width):
    path = tmp_path / "deep" / "figure.png"
    plot = Plot("A plot", [PANELS["curves"]] * columns, columns=columns, height_inch=2.0)
    draw_plot(plot, path, headline="of what $\\frac")
    found = png_inches(path)
    assert found[0] == pytest.approx(width, abs=0.01)
    assert 2.4 < found[1] < 3.2
    assert sorted(file.name for file in path.parent.iterdir()) == ["figure.png", "figure.svg"]


def test_equal_plots_give_equal_files_under_any_matplotlib_settings(tmp_path):
    def draw(name):
        draw_plot(Plot("A plot", [PANELS["histogram"]]), tmp_path / name, headline="one")
        return [(tmp_path / name).with_suffix(end).read_bytes() for end in (".png", ".svg")]

    first = draw("a.png")
    with matplotlib.rc_context({"font.size": 30.0, "lines.linewidth": 9.0}):
        assert draw("b.png") == first
        assert matplotlib.rcParams["font.size"] == 30.0
