"""The example of a campaign says what it is said to say."""

from openmm_mlff.campaign.plan import expand
from openmm_mlff.campaign.spec import load_spec


def test_the_example_is_eighteen_runs(repository):
    spec = load_spec(repository / "examples" / "campaign" / "campaign.toml")
    cells = expand(spec)
    assert len({cell.address for cell in cells}) == 18
    assert not any(cell.problem for cell in cells)
    assert spec.labels[2] == "ultra-tiny"
