"""A force field without a curl passes; a planted curl is found, whatever the size."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.hessian_symmetry import CHECK, Record
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.defects import get_defect
from openmm_mlff.selftest.oracles import healthy


@pytest.mark.parametrize("name", ["water", "methane"])
def test_gradients_pass(measured, make_subject, name):
    molecule = load_system(name)
    potential = healthy("bonded", molecule=molecule, seed=0)

    result = measured(CHECK, make_subject(potential, molecule))

    assert result.status is Status.PASS
    assert result.value < 1e-5
    assert result.evidence["displaced_atoms"] == molecule.n_atoms


def test_a_planted_curl_fails(measured, make_subject):
    defect = get_defect("curl")
    molecule = load_system(defect.system)
    sound = healthy(defect.kind, molecule=molecule, seed=0)

    result = measured(CHECK, make_subject(defect.plant(sound, defect.gross), molecule))

    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_noise_that_gives_as_much_leaves_it_undecided(limits):
    record = Record(
        asymmetry=np.array([0.01]),
        norm_ev_per_angstrom2=np.array([50.0]),
        refused=np.array([False]),
        asymmetry_of_noise=0.005,
        displaced_atoms=3,
    )

    judgement = CHECK.judge(record, limits("hessian_symmetry"))

    assert judgement.status is Status.INCONCLUSIVE
