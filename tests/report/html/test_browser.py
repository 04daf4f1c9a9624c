"""The pages in a real browser: they draw, filter, play, fit, and run no foreign script."""

from pathlib import Path

import numpy as np
import pytest

from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.results import ValidationReport

from .conftest import wait_for

pytestmark = pytest.mark.browser

REPORTS = Path(__file__).resolve().parents[3] / "reports"
PHONE = {
    "viewport": {"width": 375, "height": 812},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
WIDTH = "document.documentElement.scrollWidth"
CANVAS = "document.querySelector('#viewer canvas').toDataURL()"
# The contrast of each text with what is behind it (WCAG 2.2, AA requires 4.5).
LEAST_CONTRAST = 4.5
CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (part) =>
    part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const found = rgb(getComputedStyle(one).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  document.querySelectorAll('details').forEach((one) => (one.open = true));
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const written = walker.currentNode.textContent.trim();
    if (written === "" || element.closest("script, style, option")) continue;
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = rgb(element instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [luminance(ink), luminance(ground(element))].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), written.slice(0, 40), element.className.toString()]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def page_file(torn_page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(torn_page, encoding="utf-8")
    return path


def shown_rows(page):
    return page.locator("#results tbody tr:visible").evaluate_all(
        "rows => rows.map((row) => row.dataset.name)"
    )


def assert_legible(page):
    found = page.evaluate(CONTRASTS)
    assert len(found) > 50
    assert [one for one in found if one[0] < LEAST_CONTRAST] == []


def test_everything_is_drawn_and_printed_and_nothing_is_fetched_or_run(open_page, page_file):
    page = open_page(page_file)
    assert page.fetched == [page_file.as_uri()]
    plots = page.locator(".plot").count()
    # Energy, bonds, RMSD and radius of gyration, forces.
    assert plots == 4
    # Stability failed and is open; the other charts are drawn when their check is opened.
    assert page.locator("#check-stability .plot .main-svg .scatterlayer").count() >= 2
    assert page.evaluate("window.ran") is None
    assert page.locator("b, img").count() == 0
    assert "</script>" in page.locator("h1").inner_text()
    assert page.locator("#verdict .badge").inner_text() == "✘ REJECTED"
    assert page.locator("#verdict .structure").count() == 1
    # Paper shows what is folded away on the screen.
    closed = page.locator("details.check:not([open])")
    assert closed.count() > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert closed.count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert closed.count() > 0


def test_the_dashboard_filters_sorts_and_leads_to_the_checks(open_page, page_file):
    page = open_page(page_file, draw=False)
    everything = shown_rows(page)
    assert everything[0] == "stability"
    page.locator("#filter-text").fill("drift")
    assert set(shown_rows(page)) == {"energy_drift", "drift_percent"}
    assert page.locator("#filter-count").inner_text() == f"2 of {len(everything)} checks"
    page.get_by_role("button", name="Show all").click()
    page.locator(".statuses [data-status=FAIL]").click()
    assert shown_rows(page) == ["stability"]
    page.get_by_role("button", name="Show all").click()
    page.locator("#filter-group").select_option("accuracy")
    assert set(shown_rows(page)) == {"force_accuracy", "energy_accuracy"}
    page.get_by_role("button", name="Show all").click()
    header = page.get_by_role("columnheader", name="Check")
    header.get_by_role("button").click()
    assert shown_rows(page) == sorted(everything)
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").click()
    assert shown_rows(page) == sorted(everything, reverse=True)
    section = page.locator("#check-drift_percent")
    assert section.get_attribute("open") is None
    page.locator("#results a[href='#check-drift_percent']").click()
    page.locator("#check-drift_percent[open]").wait_for()
    page.locator("#filter-text").fill("no such check")
    assert page.get_by_text("No check matches").is_visible()


def wait_for_viewer(page):
    wait_for(lambda: page.locator("#stage[aria-busy=false]").count() == 1)


def test_the_viewer_plays_scrubs_marks_the_failing_frame_and_saves_it(open_page, page_file):
    page = open_page(page_file, draw=False)
    wait_for_viewer(page)
    time_text, slider = page.locator("#viewer-time"), page.locator("#viewer-frame")
    assert "0.500 ps" in time_text.inner_text()
    assert page.locator("#viewer-tick").is_visible()
    failing = page.evaluate(CANVAS)
    slider.fill("0")
    assert page.evaluate(CANVAS) != failing
    assert time_text.inner_text().startswith("0.010 ps, frame 1 of")
    page.locator("#viewer-play").click()
    wait_for(lambda: int(slider.input_value()) > 0)
    page.locator("#viewer-play").click()
    page.get_by_role("button", name="Failing frame").click()
    assert "fails here" in slider.get_attribute("aria-valuetext")
    failing = page.evaluate(CANVAS)
    page.locator("#stage").press("ArrowLeft")
    wait_for(lambda: page.evaluate(CANVAS) != failing)
    with page.expect_download() as download:
        page.get_by_role("button", name="PDB of this frame").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    atoms = [line for line in lines if line.startswith("HETATM")]
    assert [line[76:78].strip() for line in atoms] == ["O", "H", "H"]
    assert all(np.isfinite(float(line[k : k + 8])) for line in atoms for k in (30, 38, 46))
    assert sum(line.startswith("CONECT") for line in lines) == 2
    slider.press("End")
    assert time_text.inner_text().startswith("1.000 ps")


def test_without_webgl_there_is_a_picture(open_page, page_file, browser_without_webgl):
    page = open_page(page_file, draw=False, browser=browser_without_webgl)
    wait_for_viewer(page)
    assert page.locator("#viewer svg.structure .ring").count() == 2
    assert page.locator("#viewer canvas").count() == 0
    assert not page.locator("#viewer-play").is_visible()
    assert page.locator("#viewer-pdb").is_visible()


def test_the_theme_follows_the_system_and_the_button_and_is_legible(open_page, page_file):
    page = open_page(page_file, color_scheme="dark")
    colours = (
        "[getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.xtick text')).fill]"
    )
    dark = page.evaluate(colours)
    switch = page.get_by_role("button", name="Switch between light and dark")
    switch.click()
    assert all(one != other for one, other in zip(dark, page.evaluate(colours), strict=True))
    assert_legible(page)
    switch.click()
    assert_legible(page)


def test_a_click_on_a_chart_shows_the_frame_and_tables_and_charts_are_saved(open_page, page_file):
    page = open_page(page_file, draw=False)
    wait_for_viewer(page)
    page.evaluate("document.querySelectorAll('details.check').forEach((one) => (one.open = true))")
    plot = page.locator("#check-energy_drift .plot").first
    plot.scroll_into_view_if_needed()
    wait_for(lambda: plot.get_attribute("aria-busy") == "false")
    legend, toolbar, panel = (
        plot.locator(name).first.bounding_box() for name in (".legend", ".modebar", ".nsewdrag")
    )
    # The toolbar is above the panel, the legend below it.
    assert toolbar["y"] + toolbar["height"] <= panel["y"] + 1
    assert legend["y"] >= panel["y"] + panel["height"]
    before = page.locator("#viewer-time").inner_text()
    box = panel["x"] + 0.2 * panel["width"], panel["y"] + 0.5 * panel["height"]
    page.mouse.move(*box)
    wait_for(lambda: plot.locator(".hoverlayer .hovertext").count() > 0)
    page.mouse.click(*box)
    wait_for(lambda: page.locator("#viewer-time").inner_text() != before)
    with page.expect_download() as download:
        plot.locator("..").get_by_role("button", name="as CSV").click()
    header, first, *_ = download.value.path().read_text(encoding="utf-8").splitlines()
    assert header == "curve,x label,x,y label,y"
    assert first.startswith("total energy,Time (ps),")
    with page.expect_download() as download:
        page.locator("#save-json").click()
    assert ValidationReport.from_json(download.value.path().read_text(encoding="utf-8"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_is_legible(open_page, make_report, torn_report, tmp_path, scheme):
    path, reports = tmp_path / "comparison.html", [make_report(), torn_report]
    path.write_text(comparison_html(reports, summarise(reports)), encoding="utf-8")
    assert_legible(open_page(path, color_scheme=scheme))


def test_the_leaderboard_sorts_filters_and_judges_by_own_limits(open_page, old_and_new, tmp_path):
    path = tmp_path / "comparison.html"
    links = ["old/report.html", "new/report.html"]
    path.write_text(
        comparison_html(old_and_new, summarise(old_and_new), links=links), encoding="utf-8"
    )
    page = open_page(path)
    assert page.fetched == [path.as_uri()]
    assert page.locator(".plot .main-svg").count() > 0

    def models():
        rows = page.locator("#leaderboard tbody tr:visible th a")
        return rows.evaluate_all("links => links.map((link) => link.textContent)")

    def cells():
        return page.locator("#leaderboard [data-system] .mark").all_inner_texts()

    assert models() == ["old", "new"]
    assert cells() == ["✔ PASS", "✘ FAIL"]
    page.get_by_role("button", name="Force RMSE").click()
    page.get_by_role("button", name="Force RMSE").click()
    assert models() == ["new", "old"]
    page.locator("#leaderboard-text").fill("force_accuracy")
    assert models() == ["new"]
    page.locator("#leaderboard-text").fill("")
    page.locator("#limits > summary").click()
    page.get_by_label("force_accuracy").fill("0.6")
    assert cells() == ["✔ PASS", "✔ PASS"]
    assert page.get_by_text("by your limits: no fault").count() == 2
    page.get_by_label("force_accuracy").fill("0.001")
    assert cells() == ["✘ FAIL", "✘ FAIL"]
    page.get_by_role("button", name="Reset", exact=True).click()
    assert cells() == ["✘ FAIL", "✔ PASS"]
    page.set_viewport_size(PHONE["viewport"])
    assert page.evaluate(WIDTH) <= 375


def test_a_phone_need_not_scroll_sideways(open_page, page_file):
    page = open_page(page_file, **PHONE)
    assert page.evaluate(WIDTH) <= 375
    assert page.locator("#results td").first.is_visible()


def test_the_largest_committed_page_draws_fits_and_fetches_nothing(open_page):
    path = max(REPORTS.glob("**/report.html"), key=lambda page: page.stat().st_size)
    assert path.stat().st_size < 6_000_000
    page = open_page(path, draw=False, viewport=PHONE["viewport"])
    assert page.fetched == [path.as_uri()]
    page.evaluate("location.hash = 'check-rotation_invariance'")
    page.locator("#check-rotation_invariance .plot .main-svg").first.wait_for()
    assert page.locator(".plot.missing").count() == 0
    assert page.evaluate(WIDTH) <= 375
