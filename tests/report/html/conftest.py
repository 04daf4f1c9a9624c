"""A report with everything that is hard to show, and a real browser to open it."""

import shutil
import time

import numpy as np
import pytest

from openmm_mlff.report.figures import report_plots
from openmm_mlff.report.html.page import report_html
from openmm_mlff.results import Status, VerdictStatus
from openmm_mlff.storage.runs import RunFailure

from ..conftest import with_run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\u2028&<b>"
FAILS_AT_PS = 0.5
MOST_MS = 120_000


@pytest.fixture(scope="session")
def torn_evidence(make_observations):
    """Evidence on water from which a hydrogen departs in the middle of the run."""
    evidence = make_observations()
    series = evidence.runs[0].trajectory
    positions = series.positions_angstrom.copy()
    later = series.time_ps >= FAILS_AT_PS
    positions[later, 2] += np.arange(1, later.sum() + 1)[:, None] * [0.2, 0.1, 0.0]
    failure = RunFailure("unstable", f"bond O1–H3 broke {HOSTILE}", FAILS_AT_PS, (0, 2))
    return with_run(evidence, trajectory={"positions_angstrom": positions}, failure=failure)


@pytest.fixture(scope="session")
def torn_report(make_report, make_checks, make_result):
    """A rejected report in which every text from outside tries to be a script."""
    run = {
        "run": "nve_300K_0.5fs_r0",
        "survived_ps": FAILS_AT_PS,
        "failure": f"the bond O1–H3 broke {HOSTILE}",
        "atom_indices": [0, 2],
    }
    stability = {
        "status": Status.FAIL,
        "value": FAILS_AT_PS,
        "message": f"On water the molecule broke {HOSTILE}.",
        "evidence": {"runs": [run], HOSTILE: HOSTILE},
    }
    broken = make_result(
        "own_check",
        group="surface",
        status=Status.ERROR,
        message=HOSTILE,
        evidence={"traceback": f"Traceback {HOSTILE}"},
        system=HOSTILE,
    )
    report = make_report(
        status=VerdictStatus.REJECTED,
        name=HOSTILE,
        checks=[*make_checks(stability=stability), broken],
        reasons=(f"stability FAIL on water: {HOSTILE}", "energy_drift FAIL on water: it drifts."),
        failure_modes=(HOSTILE,),
    )
    return report.model_copy(update={"environment": {"cpu": HOSTILE}})


@pytest.fixture(scope="session")
def torn_page(torn_report, torn_evidence):
    """The page of that report, as text."""
    evidence = {"water": torn_evidence}
    return report_html(torn_report, evidence, plots=report_plots(evidence, torn_report))


@pytest.fixture(scope="session")
def launch():
    """Start a headless Chromium of the system with options; Playwright brings none of its own."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine; install it, e.g. by apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        yield lambda *options: playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", *options]
        )


@pytest.fixture(scope="session")
def browser(launch):
    """A browser that draws in three dimensions without a GPU."""
    launched = launch("--enable-unsafe-swiftshader", "--use-angle=swiftshader")
    yield launched
    launched.close()


@pytest.fixture
def browser_without_webgl(launch):
    """A browser that cannot draw in three dimensions."""
    launched = launch("--disable-3d-apis")
    yield launched
    launched.close()


@pytest.fixture
def open_page(browser):
    """Open a file and draw its charts if wanted; the page must log no error."""
    pages = []

    def open_(path, *, draw=True, browser=browser, **options):
        options = {"viewport": {"width": 1280, "height": 900}} | options
        context = browser.new_context(**options)
        # Drawing without a GPU on a busy machine takes its time.
        context.set_default_timeout(MOST_MS)
        page = context.new_page()
        page.fetched, page.complaints = [], []
        page.on("request", lambda request: page.fetched.append(request.url))
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri())
        pages.append(page)
        # A chart that is not folded away is drawn when it comes near the screen.
        for plot in page.locator(".plot:visible").all() if draw else ():
            plot.scroll_into_view_if_needed()
            wait_for(lambda plot=plot: plot.get_attribute("aria-busy") == "false")
        return page

    yield open_
    for page in pages:
        assert page.complaints == []
        page.context.close()


def wait_for(is_done, *, seconds=MOST_MS / 1000):
    """Poll: the page's policy forbids Playwright's own way, which is eval."""
    end = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < end, "the page did not reach the expected state"
        time.sleep(0.05)
