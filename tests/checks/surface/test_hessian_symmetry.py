"""A force field without a curl passes; a planted curl is found, whatever the size."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.hessian_symmetry import CHECK, Record
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault


@pytest.mark.parametrize(("name", "n_atoms"), [("water", 3), ("methane", 5)])
def test_gradients_pass(of_healthy, name, n_atoms):
    result = of_healthy(CHECK, "bonded", molecule=name)
    assert result.status is Status.PASS
    assert result.value < 1e-5
    assert result.evidence["displaced_atoms"] == n_atoms


@pytest.mark.parametrize("name", ["curl", "λ of 0.003"])
def test_planted_curls_fail(of_faulty, name):
    result = of_faulty(CHECK, name)
    assert result.status is Status.FAIL
    # λ = s 2.9 / 139, s in eV/Å².
    assert result.value == pytest.approx(get_fault(name).gross * 2.9 / 139.0, rel=0.15)


def test_a_quantum_method_passes(measured, make_subject, water):
    potential = load_potential("ase:tblite.ase:TBLite?method=GFN2-xTB")

    assert measured(CHECK, make_subject(potential, water)).status is Status.PASS


@pytest.mark.parametrize(
    ("asymmetry", "of_noise", "status"),
    [
        # The limit is between SCF noise and predicted forces.
        (1.5e-3, 2e-4, Status.PASS),
        (3e-3, 2e-4, Status.FAIL),
        (np.nan, 2e-4, Status.FAIL),
        # Noise gives as much.
        (0.01, 0.005, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(limits, asymmetry, of_noise, status):
    record = Record(
        asymmetry=np.array([1e-6, asymmetry]),
        norm_ev_per_angstrom2=np.array([50.0, 50.0]),
        refused=np.array([False, False]),
        asymmetry_of_noise=of_noise,
        displaced_atoms=3,
    )
    assert CHECK.judge(record, limits("hessian_symmetry")).status is status
