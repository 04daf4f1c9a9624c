"""The SVG beside each PNG is small and harmless, and needs no font."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from openmm_mlff.plots import Axis, Line, Panel, Plot
from openmm_mlff.report import figure_files
from openmm_mlff.report.drawing import draw_plot
from openmm_mlff.report.figures import FigureRecord

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "</svg><script>alert(1)</script> --> <!-- & \x00\x1b $\\frac$ onload=x"


def draw(path, *, n_points=10, markers=False, headline="original · water"):
    y = np.random.default_rng(1).normal(size=n_points)
    line = Line(np.arange(n_points), y, markers=markers)
    panel = Panel(Axis("Time (ps)"), Axis("Energy (eV)"), [line], note=headline)
    draw_plot(Plot("A plot", [panel], height_inch=2.1), path, headline=headline)
    return path.with_suffix(".svg")


def test_the_svg_is_well_formed_titled_outlined_and_undated(tmp_path):
    path = draw(tmp_path / "a_0.5fs.png")
    root = ElementTree.parse(path).getroot()
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", "244.8pt", "180pt")
    assert root.find(f"{SVG}title").text == "original · water"
    assert root.findall(f".//{SVG}text") == []
    assert not re.search(r"<dc:date|20\d\d-\d\d-\d\d", path.read_text(encoding="utf-8"))
    assert FigureRecord(tmp_path / "a_0.5fs.png", "", "", "").svg_path == path


def test_a_hostile_name_is_no_element_and_no_comment(tmp_path):
    text = draw(tmp_path / "a.png", headline=EVIL).read_text(encoding="utf-8")
    tags = {one.tag.partition("}")[2] for one in ElementTree.fromstring(text).iter()}
    assert "script" not in tags
    assert "<!--" not in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)


@pytest.mark.parametrize(
    ("n_points", "markers", "images"), [(300, False, 0), (60_000, False, 1), (20_000, True, 1)]
)
def test_many_points_are_rasterised_and_the_axes_stay_outlines(tmp_path, n_points, markers, images):
    path = draw(tmp_path / "a.png", n_points=n_points, markers=markers)
    root = ElementTree.parse(path).getroot()
    assert len(root.findall(f".//{SVG}image")) == images
    assert len(root.findall(f".//{SVG}use")) > 20
    assert path.stat().st_size < 300_000


def test_rounding_leaves_the_curve_where_it_is(tmp_path, monkeypatch):
    rounded = draw(tmp_path / "a.png").read_text(encoding="utf-8")
    monkeypatch.setattr(figure_files, "_LONG_NUMBER", re.compile("(n)ever"))
    exact = draw(tmp_path / "a.png").read_text(encoding="utf-8")
    numbers = [
        np.array([float(one) for one in re.findall(r"-?\d+\.?\d*", " ".join(outlines))])
        for outlines in (re.findall(r' d="([^"]*)"', text) for text in (rounded, exact))
    ]
    np.testing.assert_allclose(*numbers, atol=0.01)
    assert len(rounded) < len(exact)
