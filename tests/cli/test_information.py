"""The lists of checks and systems as the command line prints them."""

import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.molecules import list_systems
from openmm_mlff.report.checks_page import checks_markdown


def test_every_check_is_listed_with_the_thresholds_of_standard(command):
    outcome = command("checks")
    assert outcome.code == 0
    assert "thresholds of the protocol standard" in outcome.out
    assert "meV/atom/ps" in "".join(outcome.out.split())
    assert [spec.id for spec in CHECKS if spec.id not in outcome.out] == []


def test_another_protocol_gives_its_thresholds(command, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'extends = "standard"\nname = "own"\nrequired = ["energy_drift"]\nreported = []\n'
        "[criteria.energy_drift]\n"
        'slope = { value = 0.025, unit = "meV/atom/ps", source = "mine" }\n'
    )
    outcome = command("checks", "--protocol", path)
    assert outcome.code == 0
    assert "slope 0.025 meV/atom/ps" in outcome.out
    assert "speed‡" in outcome.out
    assert "energy_drift‡" not in outcome.out


def test_markdown_prints_the_page_and_nothing_else(command):
    outcome = command("checks", "--markdown")
    assert (outcome.code, outcome.out) == (0, checks_markdown())


@pytest.mark.parametrize("columns", [60, 80])
def test_every_system_is_one_line(columns, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    outcome = command("systems")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    names = [line.split()[0] for line in lines if line.strip()]
    assert [name for name in names if name in list_systems()] == list_systems()
    assert lines[0].split()[:5] == ["name", "formula", "atoms", "charge", "2S+1"]
    # The headers, and where the sources are.
    assert len(lines) == len(list_systems()) + 2
    assert max(len(line) for line in lines[:-1]) <= columns
