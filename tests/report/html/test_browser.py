"""The page in a real browser: it draws, filters, plays, fits, and runs no foreign script."""

import pytest

pytestmark = pytest.mark.browser

PHONE = {
    "viewport": {"width": 375, "height": 812},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}


@pytest.fixture
def page_file(torn_page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(torn_page, encoding="utf-8")
    return path


def pixels(page):
    return page.evaluate("document.getElementById('player-canvas').toDataURL()")


def shown_rows(page):
    return page.locator("#results tbody tr:visible").evaluate_all(
        "rows => rows.map((row) => row.dataset.name)"
    )


def test_everything_is_drawn_and_nothing_is_fetched_or_run(open_page, page_file):
    page = open_page(page_file)
    assert page.fetched == [page_file.as_uri()]
    assert page.complaints == []
    plots = page.locator(".plot").count()
    # Energy, bonds, RMSD and radius of gyration, forces.
    assert plots == 4
    assert page.locator(".plot .main-svg .trace, .plot .main-svg .scatterlayer").count() >= plots
    assert page.locator(".plot .js-line").count() >= 4
    assert page.evaluate("window.ran") is None
    assert page.locator("b, img").count() == 0
    assert "</script>" in page.locator("h1").inner_text()
    assert page.locator("#verdict .badge").inner_text() == "✘ REJECTED"


def test_the_dashboard_filters_and_sorts(open_page, page_file):
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
    page.locator("#filter-text").fill("no such check")
    assert page.get_by_text("No check fits").is_visible()
    assert page.complaints == []


def test_the_player_plays_scrubs_and_marks_the_failing_frame(open_page, page_file):
    page = open_page(page_file, draw=False)
    time_text = page.locator("#player-time")
    slider = page.locator("#player-frame")
    assert "✘ the run fails here" in time_text.inner_text()
    assert "0.500 ps" in time_text.inner_text()
    assert page.locator("#player-tick").is_visible()
    slider.fill("0")
    start = pixels(page)
    assert time_text.inner_text().startswith("0.010 ps, frame 1 of")
    page.locator("#player-play").click()
    page.wait_for_timeout(400)
    page.locator("#player-play").click()
    assert int(slider.input_value()) > 0
    page.get_by_role("button", name="Failing frame").click()
    assert pixels(page) != start
    assert "fails here" in slider.get_attribute("aria-valuetext")
    before = pixels(page)
    page.locator("#player-canvas").press("ArrowLeft")
    assert pixels(page) != before
    slider.press("End")
    assert time_text.inner_text().startswith("1.000 ps")
    assert page.complaints == []


def test_a_phone_need_not_scroll_sideways(open_page, page_file):
    page = open_page(page_file, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.complaints == []
    assert page.locator("#results td").first.is_visible()


def test_the_theme_follows_the_system_and_the_button(open_page, page_file):
    background = "getComputedStyle(document.body).backgroundColor"
    tick = "getComputedStyle(document.querySelector('.xtick text')).fill"
    page = open_page(page_file, color_scheme="dark")
    dark = page.evaluate(background), page.evaluate(tick)
    page.get_by_role("button", name="Switch between light and dark").click()
    light = page.evaluate(background), page.evaluate(tick)
    assert all(one != other for one, other in zip(dark, light, strict=True))
    assert page.complaints == []


def test_paper_shows_what_is_folded_away_on_the_screen(open_page, page_file):
    page = open_page(page_file)
    closed = page.locator("details.check:not([open])")
    assert closed.count() > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert closed.count() == 0
    widths = page.locator(".plot .main-svg").evaluate_all("all => all.map((one) => one.width)")
    assert widths
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert closed.count() > 0
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert page.complaints == []


def test_a_link_opens_the_section_that_it_names(open_page, page_file):
    page = open_page(page_file, draw=False)
    section = page.locator("#check-drift_percent")
    assert section.get_attribute("open") is None
    page.locator("#results a[href='#check-drift_percent']").click()
    page.wait_for_timeout(100)
    assert section.get_attribute("open") is not None
