"""A report with everything that is hard to show, and a real browser to look at it."""

import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.report.figures import report_plots
from openmm_mlff.report.html import report_html
from openmm_mlff.results import Status, VerdictStatus
from openmm_mlff.storage.runs import RunFailure, TrajectorySeries

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\u2028&<b>"
FAILS_AT_PS = 0.5


@pytest.fixture
def torn_run(make_run):
    """A run of water in which a hydrogen flies away from half of it on."""
    system = load_system("water")
    run = make_run(system)
    positions = run.trajectory.positions_angstrom.copy()
    later = run.trajectory.time_ps >= FAILS_AT_PS
    positions[later, 2] += np.arange(1, later.sum() + 1)[:, None] * [0.2, 0.1, 0.0]
    trajectory: TrajectorySeries = replace(run.trajectory, positions_angstrom=positions)
    failure = RunFailure("unstable", f"bond O1–H3 broke {HOSTILE}", FAILS_AT_PS, (0, 2))
    return replace(run, trajectory=trajectory, failure=failure)


@pytest.fixture
def torn_report(make_report, make_checks, make_result, condition):
    """A rejected report whose every foreign text wants to be a script."""
    at = {"system": "water", "condition": condition.as_dict()}
    evidence = {
        "runs": [
            {
                "run": "nve_300K_0.5fs_r0",
                "survived_ps": FAILS_AT_PS,
                "failure": f"the bond O1–H3 broke {HOSTILE}",
                "atom_indices": [0, 2],
            }
        ],
        HOSTILE: HOSTILE,
    }
    stability = make_result(
        "stability",
        status=Status.FAIL,
        value=FAILS_AT_PS,
        unit="ps",
        threshold=10.0,
        message=f"On water the molecule broke {HOSTILE}.",
        evidence=evidence,
        **at,
    )
    broken = make_result(
        "own_check",
        group="surface",
        status=Status.ERROR,
        message=HOSTILE,
        evidence={"traceback": f"Traceback {HOSTILE}"},
        system=HOSTILE,
    )
    checks = [stability, broken, *(one for one in make_checks() if one.id != "stability")]
    report = make_report(
        status=VerdictStatus.REJECTED,
        name=HOSTILE,
        checks=checks,
        reasons=(f"stability FAIL on water: {HOSTILE}", "energy_drift FAIL on water: it drifts."),
        failure_modes=(HOSTILE,),
    )
    return report.model_copy(update={"environment": {"cpu": HOSTILE}})


@pytest.fixture
def torn_page(torn_report, torn_run, make_observations):
    """The page of that report, as text."""
    observations = {"water": make_observations(runs=(torn_run,))}
    plots = report_plots(observations, torn_report)
    return report_html(torn_report, observations, plots=plots)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of the system; Playwright brings none of its own."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine; install it, e.g. by apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser):
    """Open a file, and see its charts drawn if wanted; what it fetched and says is kept."""
    contexts = []

    def open_(path, *, draw=True, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.fetched, page.complaints = [], []
        page.on("request", lambda request: page.fetched.append(request.url))
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri())
        if draw:
            draw_all(page)
        return page

    yield open_
    for context in contexts:
        context.close()


def draw_all(page):
    """Bring each chart that is not folded away near the screen, where it is drawn."""
    for plot in page.locator(".plot:visible").all():
        plot.scroll_into_view_if_needed()
        wait_for(lambda plot=plot: plot.get_attribute("aria-busy") == "false")


def wait_for(is_done, *, seconds=60.0):
    """Ask again and again: the page's policy forbids Playwright's own way, which is eval."""
    end = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < end, "the page did not get there"
        time.sleep(0.05)
