import pytest

from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript.scales import OPENMM, Scales, scales_of
from openmm_mlff.potentials.torchscript.signature import Contract

POSITIONS = Contract("positions", outputs_forces=False)
NUMBERS = Contract("numbers-positions", outputs_forces=False)


@pytest.mark.parametrize(
    ("contract", "options", "energy_ev", "length_angstrom"),
    [
        (POSITIONS, {}, 1 / 96.4853321, 10.0),
        (NUMBERS, {}, 1.0, 1.0),
        (POSITIONS, {"energy_unit": "hartree"}, 27.2113862, 10.0),
        (POSITIONS, {"length_unit": "bohr"}, 1 / 96.4853321, 0.529177211),
        (NUMBERS, {"energy_unit": "kcal/mol", "length_unit": "nm"}, 1 / 23.0605478, 10.0),
    ],
)
def test_units_are_those_of_the_contract_unless_named(
    contract, options, energy_ev, length_angstrom
):
    found = scales_of(contract, PotentialOptions(**options), spec="a")
    assert found.energy_ev == pytest.approx(energy_ev)
    assert found.length_angstrom == pytest.approx(length_angstrom)
    assert found.force_ev_per_angstrom == pytest.approx(energy_ev / length_angstrom)


def test_openmms_contract_needs_no_conversion():
    assert scales_of(POSITIONS, PotentialOptions(), spec="a") == OPENMM
    assert scales_of(NUMBERS, PotentialOptions(), spec="a") == Scales(1.0, 1.0)
