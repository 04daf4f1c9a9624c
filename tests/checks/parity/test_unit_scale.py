import numpy as np
import pytest

from openmm_mlff.checks.parity.unit_scale import (
    FORCE_UNITS,
    factor_off,
    geometric_median,
    name_slip,
    typical_stiffness,
    unit_scale,
)
from openmm_mlff.config import Threshold
from openmm_mlff.records import Status

CRITERIA = {"ratio": Threshold(value=2.0, unit="ratio", source="test")}
LENGTH = 0.96


@pytest.fixture
def judge(water, with_probe):
    """Judge two bonds of water whose stiffness and length are off by factors."""

    def call(stiffness=(1.0, 1.0), *, length=1.0, refused=(False, False), true_length=LENGTH):
        elements = np.array([[8, 1], [8, 1]])
        lengths = np.full(2, true_length)
        usual = typical_stiffness(elements, lengths)
        observations = with_probe(
            water,
            name="unit_scale",
            data={"refusals": []},
            arrays={
                "elements": elements,
                "lengths_angstrom": lengths * length,
                "stiffness_ev_per_angstrom2": usual * stiffness / length**2,
                "refused": np.array(refused),
            },
        )
        return unit_scale(observations, CRITERIA)

    return call


@pytest.mark.parametrize("off", [0.6, 0.9, 1.0, 1.2, 1.9])
def test_a_model_in_the_right_units_passes(judge, off):
    result = judge((off, off))
    assert result.status is Status.PASS
    assert result.evidence["stiffness_ratio"] == pytest.approx(off)
    assert "as if" not in result.message


@pytest.mark.parametrize("model", [0.75, 1.0, 1.3])
@pytest.mark.parametrize(
    ("energy", "length", "said"),
    [
        (1 / 4.184, 1.0, "as if kcal/mol were taken for kJ/mol"),
        (4.184, 1.0, "as if kJ/mol were taken for kcal/mol"),
        (1 / 96.485, 1.0, "as if eV were taken for kJ/mol"),
        (96.485, 1.0, "as if kJ/mol were taken for eV"),
        (1 / 2625.5, 1.0, "as if hartree were taken for kJ/mol"),
        (1.0, 10.0, "as if Å were taken for nm"),
        (1.0, 0.1, "as if nm were taken for Å"),
        (1.0, 1.8897, "as if bohr were taken for Å"),
        (1 / 96.485, 10.0, "as if Å were taken for nm and as if eV were taken for kJ/mol"),
        (96.485, 10.0, "as if Å were taken for nm and as if kJ/mol were taken for eV"),
    ],
)
def test_a_slip_fails_and_is_named(judge, energy, length, said, model):
    result = judge((energy * model,) * 2, length=length)
    assert result.status is Status.FAIL
    assert f"({said})." in result.message
    assert result.evidence["nearest_slip"] == said


@pytest.mark.parametrize("model", [0.75, 1.0, 1.3])
@pytest.mark.parametrize(
    ("energy", "first", "second"),
    [
        (27.211, "eV were taken for hartree", "kcal/mol were taken for eV"),
        (1 / 27.211, "hartree were taken for eV", "eV were taken for kcal/mol"),
    ],
)
def test_slips_that_are_alike_are_both_named(judge, energy, first, second, model):
    message = judge((energy * model,) * 2).message
    assert message.endswith((f"(as if {first}, or {second}).", f"(as if {second}, or {first})."))


def test_a_molecule_of_odd_lengths_is_no_slip_of_length(judge):
    message = judge((1 / 96.485,) * 2, length=4.0).message
    assert message.endswith("(as if eV were taken for kJ/mol).")
    assert "as if" not in judge((1.0, 1.0), length=4.0).message


@pytest.mark.parametrize("off", [0.33, 0.46, 2.5, 6.0])
def test_bonds_that_no_slip_explains_fail_and_none_is_named(judge, off):
    result = judge((off, off))
    assert result.status is Status.FAIL
    assert "as if" not in result.message
    assert result.evidence["nearest_slip"] == ""


def test_bonds_that_are_not_stiff_at_all_fail(judge):
    torn = judge((-1.0, -2.0), length=9.0)
    assert torn.status is Status.FAIL
    assert "bonds are not stiff at all" in torn.message
    assert "as if" not in torn.message
    assert judge((np.nan, 1.0)).status is Status.FAIL


def test_a_few_refusals_are_left_out_and_many_are_not_judged(judge):
    assert judge((np.nan, 1.0), refused=(True, False)).status is Status.INCONCLUSIVE


def test_typical_stiffness_is_that_of_known_bonds():
    # mdyn/Å of H2, HCl, CO, C–C of ethane, O–H of water, N2.
    elements = np.array([[1, 1], [17, 1], [6, 8], [6, 6], [1, 8], [7, 7]])
    lengths = np.array([0.741, 1.275, 1.128, 1.535, 0.958, 1.098])
    known = np.array([5.75, 5.16, 19.0, 4.5, 8.45, 22.9])
    ratios = typical_stiffness(elements, lengths) / (known * 6.241509)
    assert np.abs(np.log(ratios)).max() < np.log(1.35)


def test_the_median_is_geometric():
    assert geometric_median(np.array([0.1, 10.0])) == pytest.approx(1.0)
    assert geometric_median(np.array([2.0, -3.0])) == 0.0
    assert factor_off(0.25) == factor_off(4.0) == 4.0
    assert factor_off(0.0) == np.inf


def test_slopes_of_forces_are_named_too():
    assert not name_slip(1.3, unit_sizes=FORCE_UNITS)
    assert name_slip(1 / 51.422, unit_sizes=FORCE_UNITS).startswith(
        "as if hartree/bohr were taken for eV/Å"
    )
    assert name_slip(10.2, unit_sizes=FORCE_UNITS) == "as if kJ/mol/nm were taken for kJ/mol/Å"
    assert not name_slip(-1.0)
    assert not name_slip(float("nan"))


def test_without_its_probe_it_never_passes(probe_refusals, water):
    found = probe_refusals(unit_scale, system=water, name="unit_scale", limits=CRITERIA)
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
