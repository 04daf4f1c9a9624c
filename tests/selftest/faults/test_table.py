"""What holds for every planted fault."""

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.faults import FAULTS, get_fault
from openmm_mlff.selftest.oracles import KINDS, healthy
from openmm_mlff.selftest.runner import selftest_protocol

GRADED = [fault for fault in FAULTS if fault.slight is not None]
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
)


def names(faults) -> list[str]:
    return [fault.name for fault in faults]


def test_there_are_more_than_the_twenty_five_asked_for():
    assert len(FAULTS) >= 25
    assert len(set(names(FAULTS))) == len(FAULTS)
    assert {fault.parent for fault in FAULTS} < set(KINDS)


def test_each_is_named_to_a_check_that_the_protocol_runs():
    for fault in FAULTS:
        assert get_check(fault.check).id in selftest_protocol().required, fault.name


def test_each_check_of_the_protocol_has_a_fault_that_must_fail_it():
    assert {fault.check for fault in FAULTS} == set(selftest_protocol().required)


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'anisotropy'"):
        get_fault("anisotropic")


# Bonds of no weakness at all would be infinitely strong.
VANISHING = [fault for fault in GRADED if fault.name != "weak bonds"]


@pytest.mark.parametrize("fault", VANISHING, ids=names(VANISHING))
def test_next_to_no_fault_is_next_to_no_change(fault, distorted):
    molecule = load_system(fault.system)
    sound = healthy(fault.parent, molecule=molecule, seed=0)
    positions = distorted(molecule)
    faulty = fault.plant(sound, 1e-12 * fault.gross)
    expected = sound.evaluate(molecule, positions, precision="double")
    found = faulty.evaluate(molecule, positions, precision="double")
    np.testing.assert_allclose(found.energies_ev, expected.energies_ev, atol=1e-6)
    np.testing.assert_allclose(
        found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom, atol=1e-6
    )


@pytest.mark.parametrize("name", ENERGY)
def test_faults_of_the_energy_have_the_forces_that_belong_to_it(
    name, make, molecules, distorted, force_error
):
    fault = get_fault(name)
    molecule = molecules[fault.system]
    faulty = fault.plant(make(fault.parent, system=fault.system), fault.gross)
    assert force_error(faulty, molecule, distorted(molecule)) < 1e-4


@pytest.mark.parametrize("name", FORCES)
def test_faults_of_the_forces_leave_the_energy(name, make, molecules, distorted, force_error):
    fault = get_fault(name)
    molecule = molecules[fault.system]
    sound = make(fault.parent, system=fault.system)
    faulty = fault.plant(sound, fault.gross)
    positions = distorted(molecule)
    assert np.array_equal(
        faulty.evaluate(molecule, positions).energies_ev,
        sound.evaluate(molecule, positions).energies_ev,
    )
    assert force_error(faulty, molecule, positions) > 1e-4


@pytest.mark.parametrize("name", DEPLOYED)
def test_faults_of_the_deployment_leave_the_model(name, make, molecules, distorted):
    fault = get_fault(name)
    molecule = molecules[fault.system]
    sound = make(fault.parent, system=fault.system)
    faulty = fault.plant(sound, fault.gross)
    positions = distorted(molecule)
    expected = sound.evaluate(molecule, positions, precision="double")
    found = faulty.evaluate(molecule, positions, precision="double")
    assert np.array_equal(found.energies_ev, expected.energies_ev)
    assert np.array_equal(found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom)


def test_faults_are_planted_only_where_they_belong(make):
    for name, kind in (
        ("dropout", "network"),
        ("weak bonds", "pair"),
        ("missing repulsion", "pair"),
    ):
        with pytest.raises(TypeError, match="expected"):
            get_fault(name).plant(make(kind), 0.5)
    for name in ("lost sum over neighbours", "absolute float32"):
        with pytest.raises(TypeError, match="expected"):
            get_fault(name).plant(make("bonded"), 0.5)
