"""The page of blind spots has one line for each check, under its group, and names real checks."""

import re

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.report.wording import GROUPS

PAGE = "docs/blind-spots.md"


def test_every_check_has_a_line_in_its_group(repository):
    page = (repository / PAGE).read_text(encoding="utf-8")
    sections = page.split("\n## ")
    for group in GROUPS:
        (section,) = (one for one in sections if one.lower().startswith(group))
        rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        assert sorted(rows) == sorted(check.id for check in CHECKS if check.group == group)


def test_what_sees_a_fault_instead_exists(repository):
    page = (repository / PAGE).read_text(encoding="utf-8")
    names = re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"\|([^|]+)\|$", page, re.MULTILINE)))
    assert len(names) > len(CHECKS)
    assert set(names) - {"benchmark"} <= {check.id for check in CHECKS}
