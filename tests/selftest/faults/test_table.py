"""What holds for every planted fault."""

import numpy as np
import pytest

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


def test_names_are_unique_and_parents_known():
    assert len(set(names(FAULTS))) == len(FAULTS)
    assert {fault.parent for fault in FAULTS} < set(KINDS)


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
    name, planted, molecules, distorted, force_error
):
    molecule = molecules[get_fault(name).system]
    faulty, _ = planted(name)
    assert force_error(faulty, molecule, distorted(molecule)) < 1e-4


@pytest.mark.parametrize("name", FORCES)
def test_faults_of_the_forces_leave_the_energy(name, planted, molecules, distorted, force_error):
    molecule = molecules[get_fault(name).system]
    faulty, sound = planted(name)
    positions = distorted(molecule)
    assert np.array_equal(
        faulty.evaluate(molecule, positions).energies_ev,
        sound.evaluate(molecule, positions).energies_ev,
    )
    assert force_error(faulty, molecule, positions) > 1e-4


@pytest.mark.parametrize("name", DEPLOYED)
def test_faults_of_the_deployment_leave_the_model(name, planted, molecules, distorted):
    molecule = molecules[get_fault(name).system]
    faulty, sound = planted(name)
    positions = distorted(molecule)
    expected = sound.evaluate(molecule, positions, precision="double")
    found = faulty.evaluate(molecule, positions, precision="double")
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
