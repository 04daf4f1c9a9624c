import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.potentials.mixed import MixedSettings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"constraints": "hbond"}, "did you mean 'hbonds'"),
        ({"hydrogen_mass_amu": 0.5}, "expected 1 to 4 amu"),
        ({"hydrogen_mass_amu": float("nan")}, "expected 1 to 4 amu"),
        ({"switch_angstrom": 9.5}, "switch <= cutoff"),
        ({"cutoff_angstrom": 0.0, "switch_angstrom": None}, "switch <= cutoff"),
        ({"ewald_tolerance": 0.0}, "such as 1e-5"),
    ],
)
def test_impossible_values_are_refused_in_one_line(wrong, said):
    with pytest.raises(ConfigError, match=said) as raised:
        MixedSettings(**wrong)
    assert "\n" not in str(raised.value)
