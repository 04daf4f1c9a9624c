"""What there is and what is checked, as the command line lists it."""

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.report.checks_page import checks_markdown


def test_every_check_of_the_registry_is_listed(command):
    outcome = command("checks")
    assert outcome.code == 0
    assert "thresholds of the protocol standard" in outcome.out
    for spec in CHECKS:
        assert spec.id in outcome.out


def test_a_protocol_of_one_s_own_gives_its_thresholds(command, tmp_path):
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


def test_a_protocol_with_a_mistake_is_refused(command, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('extends = "standard"\nrequired = ["energy_drft"]\n')
    outcome = command("checks", "--protocol", path)
    assert (outcome.code, "did you mean 'energy_drift'?" in outcome.err) == (2, True)
