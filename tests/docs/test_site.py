"""The site is built from docs/ without a warning, leads everywhere, and fetches nothing."""

import os
import re
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def site(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=repository,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.mark.slow
def test_every_page_is_on_the_site_and_fetches_nothing(repository, site):
    for page in (repository / "docs").glob("*.md"):
        name = "index" if page.stem == "README" else page.stem
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"([^\"]+)", html)
        assert loaded
        assert not [link for link in loaded if link.startswith(("http", "//"))]


@pytest.mark.slow
def test_links_out_of_docs_lead_to_copies_on_the_site(site):
    page = (site / "reporters.html").read_text(encoding="utf-8")
    assert "repository/examples/reporters_in_your_own_script.py.html" in page
    for there in ("examples/reporters_in_your_own_script.py.html", "SECURITY.html"):
        assert (site / "repository" / there).is_file()
    assert (site / "repository/reports/original/figures/alanine_forces.png").is_file()


@pytest.mark.slow
def test_search_needs_no_server(site):
    assert (site / "search" / "search_index.js").is_file()
    page = (site / "tutorial.html").read_text(encoding="utf-8")
    (shim,) = re.findall(r'src="([^"]*iframe-worker[^"]*)"', page)
    assert (site / shim).is_file()


@pytest.mark.slow
def test_the_api_page_has_the_signatures(site):
    page = (site / "api.html").read_text(encoding="utf-8")
    for name in ("validate", "ConservationReporter", "ValidationReport", "UserError"):
        assert re.search(rf'id="openmm_mlff\.[\w.]*{name}"', page), name
