"""GFN2-xTB reads charge and multiplicity; a potential of pairs does not."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.charge_response import CHECK, other_states
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy

HYDROXIDE = MolecularSystem("OH-", np.array([8, 1]), np.array([[0, 0, 0], [0, 0, 0.97]]), -1)
OXYGEN = MolecularSystem("O2", np.array([8, 8]), np.array([[0, 0, 0], [0, 0, 1.21]]), 0, 3)


@pytest.mark.parametrize("molecule", [HYDROXIDE, OXYGEN], ids=lambda molecule: molecule.name)
def test_gfn2_xtb_tells_electronic_states_apart(measured, make_subject, molecule):
    pytest.importorskip("tblite")
    result = measured(CHECK, make_subject(load_potential(GFN2_XTB), molecule))
    assert result.status is Status.PASS
    assert result.value > 10.0


@pytest.mark.parametrize("molecule", [HYDROXIDE, OXYGEN], ids=lambda molecule: molecule.name)
def test_an_ignored_state_changes_nothing(measured, make_subject, molecule):
    potential = healthy("pair", molecule=molecule, seed=0)
    result = measured(CHECK, make_subject(potential, molecule))
    assert (result.status, result.value) == (Status.FAIL, 0.0)


def test_neutral_closed_shells_are_not_asked(measured, make_subject, water):
    potential = healthy("pair", molecule=water, seed=0)
    assert measured(CHECK, make_subject(potential, water)).status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("hydrogens", "charge", "multiplicity", "expected"),
    [
        (1, -1, 1, [(0, 2)]),
        (1, 0, 2, [(0, 4)]),
        (1, 0, 4, [(0, 2)]),
        (1, 1, 3, [(0, 2), (1, 1)]),
        (2, 1, 2, [(0, 1), (1, 4)]),
    ],
)
def test_other_states_are_neutral_or_of_another_multiplicity(
    hydrogens, charge, multiplicity, expected
):
    numbers = np.array([8] + [1] * hydrogens)
    places = np.eye(3)[: len(numbers)]
    molecule = MolecularSystem("OH", numbers, places, charge, multiplicity)
    assert [(one.charge, one.multiplicity) for one in other_states(molecule)] == expected
