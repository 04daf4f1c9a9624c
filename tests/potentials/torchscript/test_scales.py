import pytest

from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript.scales import OPENMM, Scales, scales_of
from openmm_mlff.potentials.torchscript.signature import Contract

EV_PER_KJ_PER_MOL = 1 / 96.4853321


@pytest.mark.parametrize(
    ("contract", "options", "energy_ev", "length_angstrom"),
    [
        ("positions", {}, EV_PER_KJ_PER_MOL, 10.0),
        ("numbers-positions", {}, 1.0, 1.0),
        ("positions", {"energy_unit": "hartree"}, 27.2113862, 10.0),
        ("positions", {"length_unit": "bohr"}, EV_PER_KJ_PER_MOL, 0.529177211),
        ("numbers-positions", {"energy_unit": "kcal/mol", "length_unit": "nm"}, 0.0433641, 10.0),
    ],
)
def test_units_are_those_of_the_contract_unless_named(
    contract, options, energy_ev, length_angstrom
):
    contract = Contract(contract, outputs_forces=False)
    found = scales_of(contract, PotentialOptions(**options), spec="a")
    assert found.energy_ev == pytest.approx(energy_ev)
    assert found.length_angstrom == pytest.approx(length_angstrom)
    assert found.force_ev_per_angstrom == pytest.approx(energy_ev / length_angstrom)
    if not options:
        assert found == (OPENMM if contract.name == "positions" else Scales(1.0, 1.0))
