"""The list of checks as the command line prints it."""

from openmm_mlff.checks.registry import CHECKS
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
