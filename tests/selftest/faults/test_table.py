"""What holds for every planted fault."""

from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.selftest.faults import FAULTS, get_fault
from openmm_mlff.selftest.oracles import BOX_KINDS, KINDS
from openmm_mlff.selftest.runner import protocol_for, selftest_protocol

ENERGY = (
    "anisotropy",
    "external field",
    "handedness",
    "unlike treatment",
    "global term",
    "jump at the cutoff",
    "kink at the cutoff",
    "reachable hole",
    "missing repulsion",
    "attraction at contact",
    "weak bonds",
)
FORCES = (
    "curl",
    "λ of 0.003",
    "scaled forces",
    "force sign",
    "no gradient",
    "action without reaction",
    "torque",
    "constant pull",
)
DEPLOYED = (
    "memory leak",
    "slowing down",
    "kcal for kJ",
    "Å for nm",
    "atoms in another order",
    "masses swapped",
    "thermostat left on",
    "hot thermostat",
    "wrong cutoff in the export",
    "lost sum over neighbours",
    "virial of the atoms alone",
    "overflowing neighbour list",
)
# Bonds of no weakness at all would be infinitely strong.
VANISHING = [
    fault.name
    for fault in FAULTS
    if fault.slight and fault.name != "weak bonds" and fault.parent not in BOX_KINDS
]


def test_each_check_of_the_protocol_has_a_fault_that_must_fail_it():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert {fault.parent for fault in FAULTS} < {*KINDS, *BOX_KINDS}
    in_boxes = {fault.check for fault in FAULTS if fault.parent in BOX_KINDS}
    assert in_boxes == set(protocol_for("argon").required)
    assert {fault.check for fault in FAULTS} - in_boxes == set(selftest_protocol().required)
    with pytest.raises(ConfigError, match="did you mean 'anisotropy'"):
        get_fault("anisotropic")


def test_slight_lies_just_above_the_predicted_onset_and_below_gross():
    fault = get_fault("jump at the cutoff")
    assert fault.slight == pytest.approx(1.5 * fault.predicted_onset)
    # A fault that is there or not has no slight form.
    assert get_fault("wrong shape").slight is None
    with pytest.raises(ValueError, match="expected 0 < slight < gross"):
        replace(fault, gross=1e-3)


@pytest.fixture
def both(planted, molecules, distorted):
    """Energies and forces with a fault and without, the faulty potential and the geometries."""

    def evaluate(name, strength=None):
        molecule = molecules[get_fault(name).system]
        positions, (faulty, sound) = distorted(molecule), planted(name, strength)
        found, expected = (
            one.evaluate(molecule, positions, precision="double") for one in (faulty, sound)
        )
        return found, expected, (faulty, molecule, positions)

    return evaluate


@pytest.mark.parametrize("name", VANISHING)
def test_next_to_no_fault_is_next_to_no_change(name, both):
    found, expected, _ = both(name, 1e-12 * get_fault(name).gross)
    np.testing.assert_allclose(found.energies_ev, expected.energies_ev, atol=1e-6)
    np.testing.assert_allclose(
        found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom, atol=1e-6
    )


@pytest.mark.parametrize("name", ENERGY + FORCES)
def test_forces_are_the_gradient_unless_the_fault_is_theirs_alone(name, both, force_error):
    found, expected, faulty = both(name)
    assert bool(force_error(*faulty) < 1e-4) is (name in ENERGY)
    if name in FORCES:
        assert np.array_equal(found.energies_ev, expected.energies_ev)


@pytest.mark.parametrize("name", DEPLOYED)
def test_faults_of_the_deployment_leave_the_model(name, both):
    found, expected, _ = both(name)
    assert np.array_equal(found.energies_ev, expected.energies_ev)
    assert np.array_equal(found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom)


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("dropout", "network"),
        ("weak bonds", "pair"),
        ("missing repulsion", "pair"),
        ("lost sum over neighbours", "bonded"),
        ("absolute float32", "bonded"),
    ],
)
def test_faults_are_planted_only_where_they_belong(make, name, parent):
    with pytest.raises(TypeError, match="expected"):
        get_fault(name).plant(make(parent), 0.5)
