"""A force field without a curl passes; a planted curl is found, whatever the size."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.hessian_symmetry import CHECK, Record
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
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


@pytest.mark.parametrize("name", ["curl", "λ of 0.003"])
def test_planted_curls_fail(measured, make_subject, name):
    defect = get_defect(name)
    molecule = load_system(defect.system)
    sound = healthy(defect.kind, molecule=molecule, seed=0)

    result = measured(CHECK, make_subject(defect.plant(sound, defect.gross), molecule))

    assert result.status is Status.FAIL
    # λ = s 2.9 / 139, s in eV/Å².
    assert result.value == pytest.approx(defect.gross * 2.9 / 139.0, rel=0.15)


def test_a_quantum_method_passes(measured, make_subject, water):
    potential = load_potential("ase:tblite.ase:TBLite?method=GFN2-xTB")

    assert measured(CHECK, make_subject(potential, water)).status is Status.PASS


@pytest.mark.parametrize(
    ("asymmetry", "status"),
    [(1.5e-3, Status.PASS), (3e-3, Status.FAIL), (np.nan, Status.FAIL)],
)
def test_the_limit_lies_between_scf_noise_and_predicted_forces(limits, asymmetry, status):
    record = Record(
        asymmetry=np.array([1e-6, asymmetry]),
        norm_ev_per_angstrom2=np.array([50.0, 50.0]),
        refused=np.array([False, False]),
        asymmetry_of_noise=2e-4,
        displaced_atoms=3,
    )

    assert CHECK.judge(record, limits("hessian_symmetry")).status is status


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
