"""What holds for every planted fault."""

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.defects import DEFECTS, get_defect
from openmm_mlff.selftest.oracles import KINDS, healthy
from openmm_mlff.selftest.runner import selftest_protocol

GRADED = [defect for defect in DEFECTS if defect.slight is not None]
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


def names(defects) -> list[str]:
    return [defect.name for defect in defects]


def test_there_are_more_than_the_twenty_five_asked_for():
    assert len(DEFECTS) >= 25
    assert len(set(names(DEFECTS))) == len(DEFECTS)
    assert {defect.kind for defect in DEFECTS} < set(KINDS)


def test_each_is_named_to_a_check_that_the_protocol_runs():
    for defect in DEFECTS:
        assert get_check(defect.check).id in selftest_protocol().required, defect.name


def test_each_check_of_the_protocol_has_a_fault_that_must_fail_it():
    assert {defect.check for defect in DEFECTS} == set(selftest_protocol().required)


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'anisotropy'"):
        get_defect("anisotropic")


# Bonds of no weakness at all would be infinitely strong.
VANISHING = [defect for defect in GRADED if defect.name != "weak bonds"]


@pytest.mark.parametrize("defect", VANISHING, ids=names(VANISHING))
def test_next_to_no_fault_is_next_to_no_change(defect, distorted):
    molecule = load_system(defect.system)
    sound = healthy(defect.kind, molecule=molecule, seed=0)
    positions = distorted(molecule)
    faulty = defect.plant(sound, 1e-12 * defect.gross)
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
    defect = get_defect(name)
    molecule = molecules[defect.system]
    faulty = defect.plant(make(defect.kind, system=defect.system), defect.gross)
    assert force_error(faulty, molecule, distorted(molecule)) < 1e-4


@pytest.mark.parametrize("name", FORCES)
def test_faults_of_the_forces_leave_the_energy(name, make, molecules, distorted, force_error):
    defect = get_defect(name)
    molecule = molecules[defect.system]
    sound = make(defect.kind, system=defect.system)
    faulty = defect.plant(sound, defect.gross)
    positions = distorted(molecule)
    assert np.array_equal(
        faulty.evaluate(molecule, positions).energies_ev,
        sound.evaluate(molecule, positions).energies_ev,
    )
    assert force_error(faulty, molecule, positions) > 1e-4


@pytest.mark.parametrize("name", DEPLOYED)
def test_faults_of_the_deployment_leave_the_model(name, make, molecules, distorted):
    defect = get_defect(name)
    molecule = molecules[defect.system]
    sound = make(defect.kind, system=defect.system)
    faulty = defect.plant(sound, defect.gross)
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
            get_defect(name).plant(make(kind), 0.5)
    for name in ("lost sum over neighbours", "absolute float32"):
        with pytest.raises(TypeError, match="expected"):
            get_defect(name).plant(make("bonded"), 0.5)
