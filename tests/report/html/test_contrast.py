"""Whatever is written on the pages is read with ease, in light and in dark (WCAG 2.2, AA)."""

import pytest

from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise

pytestmark = pytest.mark.browser

LEAST_RATIO = 4.5

FAINTEST = """() => {
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


def too_faint(page):
    """Every text is looked at, what is folded away opened first; those below the limit are kept."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = page.evaluate(FAINTEST)
    assert len(found) > 50
    return [(round(ratio, 2), *where) for ratio, *where in found if ratio < LEAST_RATIO]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_read_with_ease(open_page, torn_page, tmp_path, scheme):
    path = tmp_path / "report.html"
    path.write_text(torn_page, encoding="utf-8")
    page = open_page(path, color_scheme=scheme)
    assert page.locator("#verdict.rejected").count() == 1
    assert too_faint(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_is_read_with_ease(open_page, make_report, torn_report, tmp_path, scheme):
    path, reports = tmp_path / "comparison.html", [make_report(), torn_report]
    path.write_text(comparison_html(reports, summarise(reports)), encoding="utf-8")
    assert too_faint(open_page(path, draw=False, color_scheme=scheme)) == []
