"""The pages that come with the package, in a real browser."""

from pathlib import Path

import pytest

REPORTS = Path(__file__).resolve().parents[3] / "reports"
PAGES = sorted(REPORTS.glob("**/report.html"))
MOST_BYTES = 6_000_000

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.parent.relative_to(REPORTS).as_posix()
)
def test_a_committed_page_draws_fits_and_fetches_nothing(open_page, path):
    assert path.stat().st_size < MOST_BYTES
    page = open_page(path, draw=False, viewport={"width": 375, "height": 812})
    assert page.fetched == [path.as_uri()]
    assert page.complaints == []
    page.evaluate("location.hash = 'check-rotation_invariance'")
    page.locator("#check-rotation_invariance .plot .main-svg").first.wait_for()
    assert page.locator(".plot.missing").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    total = page.locator("#results tbody tr").count()
    page.locator(".statuses button").first.click()
    assert 0 < page.locator("#results tbody tr:visible").count() < total
    canvas = "document.getElementById('player-canvas').toDataURL()"
    before = page.evaluate(canvas)
    page.locator("#player-canvas").press("ArrowLeft")
    assert page.evaluate(canvas) != before
