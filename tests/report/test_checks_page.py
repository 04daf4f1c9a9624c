import re

import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import load_protocol
from openmm_mlff.report.checks_page import checks_markdown, render_checks, shipped_protocols
from openmm_mlff.report.templating import escape_text
from openmm_mlff.report.wording import GROUPS, number


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


def test_the_page_names_the_protocols_that_include_a_check(page):
    assert "required in quick, standard, extended" in section(page, "rotation_invariance")
    assert "reported in quick, standard, extended" in section(page, "drift_percent")
    assert list(shipped_protocols())[:3] == ["quick", "standard", "extended"]
    assert "required in crystal, crystal-quick, liquid, liquid-quick" in section(page, "ensemble")


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_lists_every_check_with_its_thresholds_and_role(printed, width):
    text = printed(render_checks, load_protocol("standard"), width=width)
    squeezed = "".join(text.split())
    for spec in CHECKS:
        for part in (spec.id, spec.unit, spec.formula, spec.source):
            assert "".join(part.split()) in squeezed
    for limit in ("energy 0.1 meV/atom", "wall 5 eV", "slope 0.1 meV/atom/ps"):
        assert limit in text
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if line in GROUPS] == list(GROUPS)
    roles = {"required": ("stability",), "reported": ("memory",)}
    protocol = load_protocol("standard").model_copy(update=roles)
    text = printed(render_checks, protocol, width=width)
    for part in (" stability\n", " memory†\n", " speed‡\n", "† reported only", "‡ not used"):
        assert part in text
