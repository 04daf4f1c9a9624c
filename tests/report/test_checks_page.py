import re

import pytest

from openmm_mlff.checks.registry import CHECKS, get_check
from openmm_mlff.config import load_protocol
from openmm_mlff.report.checks_page import (
    checks_by_group,
    checks_markdown,
    role_in,
    shipped_protocols,
)
from openmm_mlff.report.templating import escape_text
from openmm_mlff.report.wording import number


@pytest.fixture(scope="module")
def page():
    return checks_markdown()


def section(page, check_id):
    """The part of the page on one check."""
    return re.search(rf"^### {check_id}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)[1]


def test_every_check_has_a_complete_section(page):
    standard = load_protocol("standard")
    for spec in CHECKS:
        parts = [spec.question, spec.formula, spec.unit, spec.source, spec.consequence, spec.remedy]
        parts = [escape_text(part) for part in parts]
        for name, limit in standard.limits_for(spec.id).items():
            parts += [
                f"| `{name}` | {number(limit.value)} | {escape_text(limit.unit)} |",
                escape_text(limit.source),
            ]
        text = section(page, spec.id)
        assert [part for part in parts if part not in text] == [], spec.id
    assert set(re.findall(r"\(#([a-z_0-9]+)\)", page)) == {spec.id for spec in CHECKS}
    assert set(re.findall(r"^### (.+)$", page, re.MULTILINE)) == {spec.id for spec in CHECKS}
    listed = [spec.id for _, specs in checks_by_group() for spec in specs]
    assert sorted(listed) == sorted(spec.id for spec in CHECKS)


def test_the_page_names_the_protocols_that_include_a_check(page):
    assert "required in quick, standard, extended" in section(page, "rotation_invariance")
    assert "reported in quick, standard, extended" in section(page, "drift_percent")
    assert list(shipped_protocols())[:3] == ["quick", "standard", "extended"]
    assert "required in crystal, crystal-quick, liquid, liquid-quick" in section(page, "ensemble")
    protocol = load_protocol("standard").model_copy(
        update={"required": ("stability",), "reported": ("memory",)}
    )
    roles = [role_in(get_check(name), protocol) for name in ("stability", "memory", "speed")]
    assert roles == ["required", "reported", ""]
