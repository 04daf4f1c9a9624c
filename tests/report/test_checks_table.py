import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import load_protocol
from openmm_mlff.report.checks_table import render_checks
from openmm_mlff.report.wording import GROUPS


@pytest.mark.parametrize("width", [80, 160])
def test_every_check_is_listed_with_formula_unit_threshold_and_source(printed, width):
    text = printed(render_checks, load_protocol("standard"), width=width)
    squeezed = "".join(text.split())
    for spec in CHECKS:
        # In the table a sentence is wrapped beside others; its first word is complete.
        for part in (spec.id, spec.unit, spec.formula.split()[0], spec.source.split()[0]):
            assert "".join(part.split()) in squeezed
    for limit in ("energy 0.1 meV/atom", "wall 5 eV", "slope 0.1 meV/atom/ps"):
        assert limit in text


@pytest.mark.parametrize("width", [80, 160])
def test_checks_that_the_protocol_reports_or_does_not_use_are_marked(printed, width):
    protocol = load_protocol("standard").model_copy(
        update={"required": ("stability",), "reported": ("memory",)}
    )
    text = printed(render_checks, protocol, width=width)
    for part in ("stability", "memory†", "speed‡", "† reported only", "‡ not used by the protocol"):
        assert part in text
    assert "stability†" not in text
    lines = [line.strip() for line in text.splitlines()]
    if width == 80:
        assert [line for line in lines if line in GROUPS] == list(GROUPS)
