"""Options of a potential: what contradicts itself is refused in one line."""

import pytest

from openmm_mlff.cli.potential_options import potential_options
from openmm_mlff.errors import ConfigError


def test_what_was_given_is_put_together():
    options = potential_options(
        backend="python",
        compiled=True,
        contract="positions",
        energy_unit="eV",
        length_unit="angstrom",
        parameters=["lambda=0.5", "scale = 2"],
    )
    assert options.backend == "python"
    assert options.compiled
    assert options.parameters == {"lambda": 0.5, "scale": 2.0}
    assert potential_options(ml_atoms="resname ETH", forcefield=["a.xml"]).forcefield == ("a.xml",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"compiled": True}, "use --backend python"),
        ({"backend": "onnx"}, "--backend onnx: .*torchforce"),
        ({"ml_atoms": "all"}, "--ml-atoms was given without --forcefield"),
        ({"forcefield": ["a.xml"]}, "--forcefield was given without --ml-atoms"),
        ({"parameters": ["lambda"]}, "--parameter lambda: expected NAME=VALUE"),
        ({"parameters": ["lambda=high"]}, "with a number"),
    ],
)
def test_what_does_not_fit_together_is_refused(given, message):
    with pytest.raises(ConfigError, match=message) as refused:
        potential_options(**given)
    assert "\n" not in str(refused.value)
