"""Draw the pages of an approved and a rejected report into docs/images, with headless Chromium.

Run from the root of a checkout::

    python scripts/draw_pages.py [FOLDER]

``FOLDER`` has the reports, by default ``reports``.  Each page is drawn as on a desktop, on a phone,
in dark colours and in print.
"""

import argparse
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

MODELS = {"original": "approved", "tiny": "rejected"}
IMAGES = Path("docs/images")
DESKTOP = {"viewport": {"width": 1200, "height": 1500}}
FORMS: Mapping[str, Mapping[str, Any]] = {
    "desktop": DESKTOP,
    "dark": {**DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 1200}, "is_mobile": True, "has_touch": True},
    "print": {"viewport": {"width": 794, "height": 1123}},
}
COLOURS = 64
"""Of an image: enough for text and charts, at a fifth of the size."""

MOST_MS = 300_000
OPTIONS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def draw_page(browser: Browser, page: Path, image: Path, *, form: str) -> None:
    """Draw the top of a page in one form as a PNG."""
    context = browser.new_context(**FORMS[form])
    context.set_default_timeout(MOST_MS)
    view = context.new_page()
    view.goto(page.resolve().as_uri())
    view.wait_for_selector("#stage[aria-busy=false]", state="attached")
    if form == "print":
        view.emulate_media(media="print")
        view.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
    image.parent.mkdir(parents=True, exist_ok=True)
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(image, optimize=True)
    context.close()


def main() -> None:
    """Draw every form of both pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("reports"))
    folder = parser.parse_args().folder
    program = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        for model, verdict in MODELS.items():
            for form in FORMS:
                image = IMAGES / f"report_{verdict}_{form}.png"
                draw_page(browser, folder / model / "report.html", image, form=form)
                print(image)
        browser.close()


if __name__ == "__main__":
    main()
