import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from openmm_mlff.molecules import load_system
from openmm_mlff.report import canvas
from openmm_mlff.storage.runs import RunFailure


def test_a_figure_is_a_png_of_the_size_asked_for(tmp_path, png_inches):
    path = tmp_path / "deep" / "figure.png"
    with canvas.drawing(path, width_inch=3.4, height_inch=2.0, headline="of what") as figure:
        figure.subplots().plot([0, 1], [0, 1])
    assert png_inches(path) == pytest.approx((3.4, 2.0), abs=0.01)
    assert sorted(file.name for file in path.parent.iterdir()) == ["figure.png", "figure.svg"]


def test_equal_figures_give_equal_files_whatever_the_user_has_set(tmp_path):
    def draw(name):
        with canvas.drawing(tmp_path / name, width_inch=2.0, height_inch=2.0) as figure:
            figure.subplots().plot([0, 1], [0, 1])
        return (tmp_path / name).read_bytes()

    first = draw("a.png")
    with matplotlib.rc_context({"font.size": 30.0, "lines.linewidth": 9.0}):
        second = draw("b.png")
        assert matplotlib.rcParams["font.size"] == 30.0
    assert first == second


def test_a_figure_that_breaks_leaves_no_file(tmp_path):
    path = tmp_path / "figure.png"
    broken = canvas.drawing(path, width_inch=2.0, height_inch=2.0)
    with pytest.raises(ZeroDivisionError), broken:
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_every_element_has_a_colour_and_the_common_ones_always_the_same():
    colours = canvas.element_colours(["H", "Xe", "O", "Kr", "H"])
    assert set(colours) == {"H", "O", "Kr", "Xe"}
    assert colours["O"] == canvas.ELEMENT_COLOURS["O"]
    assert len(set(colours.values())) == 4


def test_what_is_infinite_is_not_drawn():
    given = np.array([1.0, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(canvas.finite_or_nan(given), [1.0, np.nan, np.nan, np.nan])
    assert np.isinf(given[1])


def test_limits_hold_all_of_a_healthy_series():
    values = np.random.default_rng(1).normal(size=5000)
    limits = canvas.robust_limits(values, least_span=0.01)
    assert limits.low < values.min()
    assert limits.high > values.max()
    assert not limits.clipped


def test_limits_do_not_follow_an_explosion_and_say_how_far_it_went():
    values = np.append(np.random.default_rng(1).normal(size=100), [1e3, -4e6, np.nan])
    limits = canvas.robust_limits(values, least_span=0.01)
    assert limits.clipped
    assert limits.farthest == -4e6
    assert limits.high - limits.low < 40.0


def test_limits_of_a_constant_have_a_span():
    limits = canvas.robust_limits(np.zeros(5), least_span=0.5)
    assert (limits.low, limits.high) == (-0.25, 0.25)


def test_a_failure_is_marked_at_its_time(make_run):
    failed = make_run(load_system("water"), failure=RunFailure("unstable", "torn", 0.321))
    whole = make_run(load_system("water"))
    axes = Figure().subplots()
    canvas.mark_failures(axes, [whole, failed])
    (line,) = axes.lines
    assert set(line.get_xdata()) == {0.321}
    assert [text.get_text() for text in axes.texts] == ["unstable at 0.321 ps"]


def test_a_failure_at_an_unknown_time_is_not_marked(make_run):
    failed = make_run(load_system("water"), failure=RunFailure("error", "broke", np.nan))
    axes = Figure().subplots()
    canvas.mark_failures(axes, [failed])
    assert not axes.lines


def test_panels_are_lettered_in_order():
    panels = Figure().subplots(1, 3).tolist()
    canvas.panel_letters(panels)
    assert [panel.get_title(loc="left") for panel in panels] == ["a", "b", "c"]
