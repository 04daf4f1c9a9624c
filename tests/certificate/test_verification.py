import numpy as np
import pytest

from openmm_mlff.certificate.record import SampleTolerance, read_certificate
from openmm_mlff.certificate.verification import Verification, compare_sample, verify
from openmm_mlff.errors import UserError
from openmm_mlff.potentials import Evaluation, load_potential


@pytest.fixture
def certificate(certificate_file):
    return read_certificate(certificate_file)[0]


def test_the_model_and_its_values_are_found_again(certificate, student):
    found = verify(certificate, student, intact=True, platform="Reference")
    assert found.verified
    (sample,) = found.samples
    assert sample.platform == "Reference"
    assert sample.force_error_ev_per_angstrom < 1e-4
    assert found.as_dict()["values_reproduced"]


def test_another_model_is_not_computed_and_a_changed_certificate_never_verified(
    certificate, student, other_student
):
    found = verify(certificate, other_student, intact=True)
    assert (found.same_model, found.samples, found.verified) == (False, (), False)
    found = verify(certificate, student, intact=False)
    assert (found.same_model, found.verified) == (True, False)
    assert not Verification(intact=True, same_model=True, sha256="x").verified


def test_values_of_another_model_are_beyond_the_tolerance(certificate, other_student):
    """The tolerance tells models apart: it is no formality."""
    forged = certificate.model_copy(
        update={"fingerprint": load_potential(other_student).fingerprint}
    )
    found = verify(forged, other_student, intact=True, platform="Reference")
    assert found.same_model
    assert not found.reproduced


def test_what_cannot_be_computed_is_said(certificate, student, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no\nmemory")

    monkeypatch.setattr("openmm_mlff.certificate.verification.evaluate_in_openmm", broken)
    (sample,) = verify(certificate, student, intact=True, platform="Reference").samples
    assert (sample.agrees, sample.problem) == (False, "RuntimeError: no memory")


def test_a_platform_that_is_not_there_is_refused(certificate, student):
    with pytest.raises(UserError, match="unknown platform"):
        verify(certificate, student, intact=True, platform="Abacus")


@pytest.mark.parametrize(
    ("energy", "force", "agrees"),
    [
        (0.0, 0.0, True),
        (5e-4, 0.0, True),
        (2e-3, 0.0, False),
        (0.0, 2e-3, False),
        (0.0, np.nan, False),
    ],
)
def test_energies_and_forces_have_a_tolerance_each(certificate, energy, force, agrees):
    (sample,) = certificate.samples
    forces = np.array(sample.forces_ev_per_angstrom)
    forces[0, 0, 0] += force
    found = Evaluation(np.array(sample.energies_ev) + energy, forces)
    outcome = compare_sample(sample, found, tolerance=SampleTolerance(), platform="Reference")
    assert outcome.agrees is agrees
