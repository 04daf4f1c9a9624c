"""GFN2-xTB reads charge and multiplicity; a potential of pairs does not."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.charge_response import other_states
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy

HYDROXIDE = MolecularSystem("OH-", np.array([8, 1]), np.array([[0, 0, 0], [0, 0, 0.97]]), -1)
OXYGEN = MolecularSystem("O2", np.array([8, 8]), np.array([[0, 0, 0], [0, 0, 1.21]]), 0, 3)


@pytest.mark.parametrize("molecule", [HYDROXIDE, OXYGEN], ids=lambda molecule: molecule.name)
def test_electronic_states_are_told_apart_or_not(measured, subject_at, molecule):
    pytest.importorskip("tblite")
    result = measured(subject_at(load_potential(GFN2_XTB), molecule))
    assert result.status is Status.PASS
    assert result.value > 10.0
    result = measured(subject_at(healthy("pair", molecule=molecule, seed=0), molecule))
    assert (result.status, result.value) == (Status.FAIL, 0.0)


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
def test_other_states_are_neutral_or_of_other_spin(hydrogens, charge, multiplicity, expected):
    numbers = np.array([8] + [1] * hydrogens)
    places = np.eye(3)[: len(numbers)]
    molecule = MolecularSystem("OH", numbers, places, charge, multiplicity)
    assert [(one.charge, one.multiplicity) for one in other_states(molecule)] == expected
