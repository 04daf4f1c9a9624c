import itertools
import re

import pytest

from openmm_mlff.checks.registry import CHECKS, get_check
from openmm_mlff.config import load_protocol
from openmm_mlff.report.checks_page import (
    checks_by_group,
    checks_markdown,
    role_in,
    shipped_protocols,
    threshold_lines,
)
from openmm_mlff.report.templating import escape_text
from openmm_mlff.report.wording import number


@pytest.fixture(scope="module")
def page():
    return checks_markdown()


def section(page, check_id):
    """What the page says of one check."""
    return re.search(rf"^### {check_id}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("spec", CHECKS, ids=lambda spec: spec.id)
def test_every_check_has_a_section_that_says_all_of_it(page, spec):
    text = section(page, spec.id)
    for words in (
        spec.question,
        spec.formula,
        spec.unit,
        spec.source,
        spec.consequence,
        spec.remedy,
    ):
        assert escape_text(words) in text
    for name, threshold in load_protocol("standard").limits_for(spec.id).items():
        row = f"| `{name}` | {number(threshold.value)} | {escape_text(threshold.unit)} |"
        assert row in text
        assert escape_text(threshold.source) in text
    assert f"(#{spec.id})" in page


def test_the_page_says_which_protocols_include_a_check(page):
    assert "required in quick, standard, extended" in section(page, "rotation_invariance")
    assert "reported in quick, standard, extended" in section(page, "drift_percent")
    assert list(shipped_protocols()) == ["quick", "standard", "extended"]


def test_a_check_is_required_reported_or_not_used():
    protocol = load_protocol("standard").model_copy(
        update={"required": ("stability",), "reported": ("memory",)}
    )
    roles = [role_in(get_check(name), protocol) for name in ("stability", "memory", "speed")]
    assert roles == ["required", "reported", ""]


def test_a_threshold_that_the_protocol_does_not_set_has_no_value():
    spec = get_check("rotation_invariance")
    standard = load_protocol("standard")
    assert threshold_lines(spec, standard) == ["energy 0.1 meV/atom", "forces 1 meV/Å"]
    bare = standard.model_copy(update={"criteria": {}})
    assert threshold_lines(spec, bare) == ["energy – meV/atom", "forces – meV/Å"]


def test_groups_hold_every_check_once():
    listed = [spec.id for _, specs in checks_by_group() for spec in specs]
    assert sorted(listed) == sorted(spec.id for spec in CHECKS)


def test_tables_are_whole(page):
    lines = page.splitlines()
    for above, below in itertools.pairwise(lines):
        if above.startswith("|") and below.startswith("|"):
            bars = [len(re.findall(r"(?<!\\)\|", line)) for line in (above, below)]
            assert bars[0] == bars[1], (above, below)
