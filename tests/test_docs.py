"""The pages in docs/ say what the code and the committed reports say, and their links lead on."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest
from pages import (
    CHECKS_PAGE,
    LIBRARY_PAGE,
    PERFORMANCE_PAGE,
    PUBLISHED_AS,
    PUBLISHED_PAGE,
    SHIPPED,
    library_table,
    performance_tables,
    published_collection,
)
from published_page import published_markdown

from openmm_mlff.report.checks_page import checks_markdown

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "README.md",
    "SECURITY.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
)


def test_the_page_of_checks_is_the_generated_one(repository):
    committed = (repository / CHECKS_PAGE).read_text(encoding="utf-8")
    assert committed == checks_markdown(), "run: python scripts/make_reports.py pages"


def published_table():
    reports = published_collection(Path(), root=ROOT).reports(ROOT)
    assert list(reports) == list(PUBLISHED_AS)
    return published_markdown(reports, published_as=PUBLISHED_AS)


@pytest.mark.parametrize(
    ("page", "name", "written"),
    [
        (LIBRARY_PAGE, "library", library_table),
        (PUBLISHED_PAGE, "published", published_table),
        (PERFORMANCE_PAGE, "benchmark", lambda: performance_tables(ROOT)),
    ],
)
def test_a_generated_part_is_that_of_today(page, name, written):
    block = f"<!-- {name}: begin -->\n{written()}\n<!-- {name}: end -->"
    text = (ROOT / page).read_text(encoding="utf-8")
    assert block in text, "run: python scripts/make_reports.py pages"


def test_the_story_says_that_there_was_no_reference(repository):
    page = " ".join((repository / PUBLISHED_PAGE).read_text(encoding="utf-8").split())
    assert "There was no reference: GFN2-xTB is not their teacher" in page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_that_are_there(repository, page):
    path = repository / page
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (path.parent / link).exists()]
    assert not missing


def test_the_changelog_has_the_sizes_of_the_shipped_students(repository):
    reports = SHIPPED.reports(repository).values()
    first, second, third = (f"{report.model.n_parameters / 1000:.0f} k" for report in reports)
    changelog = " ".join((repository / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert f"{first}, {second} and {third} parameters" in changelog


def test_the_page_on_architecture_names_what_is_in_the_code(repository):
    page = (repository / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = "|".join(path.stem for path in (repository / "openmm_mlff").iterdir())
    names = set(re.findall(rf"`((?:{rooms})(?:\.\w+)+)`", page))
    names -= {"certificate.json", "report.json", "report.md"}
    assert len(names) > 40
    for name in names:
        resolve_name(f"openmm_mlff.{name}")
