import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import load_protocol
from openmm_mlff.report.checks_table import render_checks
from openmm_mlff.report.wording import GROUPS


@pytest.fixture
def listed():
    """What is printed into a pipe of some width."""

    def call(protocol, *, width):
        stream = io.StringIO()
        render_checks(protocol, console=Console(file=stream, width=width))
        return stream.getvalue()

    return call


@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_check_is_listed_with_formula_unit_threshold_and_source(listed, width):
    text = listed(load_protocol("standard"), width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    squeezed = "".join(text.split())
    for spec in CHECKS:
        assert spec.id in text
        # In the table a sentence stands in pieces beside others; its first words are in one.
        for words in (spec.unit, spec.formula.split()[0], spec.source.split()[0]):
            assert "".join(words.split()) in squeezed
    for limit in ("energy 0.1 meV/atom", "wall 5 eV", "slope 0.1 meV/atom/ps"):
        assert limit in text


@pytest.mark.parametrize("width", [80, 160])
def test_what_the_protocol_reports_or_does_not_use_is_marked(listed, width):
    protocol = load_protocol("standard").model_copy(
        update={"required": ("stability",), "reported": ("memory",)}
    )
    text = listed(protocol, width=width)
    assert "stability " in text.replace("\n", " \n")
    assert "memory†" in text
    assert "speed‡" in text
    assert "† reported only" in text
    assert "‡ not used by the protocol standard" in text


def test_groups_are_headings_in_their_order(listed):
    lines = [line.strip() for line in listed(load_protocol("quick"), width=80).splitlines()]
    assert [line for line in lines if line in GROUPS] == list(GROUPS)
