"""A quantum method without a curl passes; a planted curl shows by its size."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.hessian_symmetry import Record
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault


def test_a_planted_curl_has_its_size(measured, faulty):
    result = measured(faulty("λ of 0.003"))
    assert result.status is Status.FAIL
    # λ = s 2.9 / 139, s in eV/Å².
    assert result.value == pytest.approx(get_fault("λ of 0.003").gross * 2.9 / 139.0, rel=0.15)
    assert result.evidence["displaced_atoms"] == 3


def test_a_quantum_method_passes(measured, subject_at, water):
    pytest.importorskip("tblite")
    assert measured(subject_at(load_potential(GFN2_XTB), water)).status is Status.PASS


@pytest.mark.parametrize(
    ("asymmetry", "of_noise", "refused", "status"),
    [
        # The limit is between SCF noise and predicted forces.
        (1.5e-3, 2e-4, False, Status.PASS),
        (3e-3, 2e-4, False, Status.FAIL),
        (np.nan, 2e-4, False, Status.FAIL),
        # Noise gives as much.
        (0.01, 0.005, False, Status.INCONCLUSIVE),
        (np.nan, 2e-4, True, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(judge, asymmetry, of_noise, refused, status):
    record = Record(
        asymmetry=np.array([1e-6, asymmetry]),
        norm_ev_per_angstrom2=np.array([50.0, 50.0]),
        refused=np.array([False, refused]),
        asymmetry_of_noise=of_noise,
        displaced_atoms=3,
    )
    assert judge(record).status is status
