import numpy as np
import pytest

from openmm_mlff.checks.surface.hessian_symmetry import hessian_symmetry
from openmm_mlff.records import Status


@pytest.fixture
def judge(judged, noise):
    def call(*, asymmetry=0.0, noise_ev=1e-9, scale=20.0):
        """A symmetric matrix of norm 1, and an antisymmetric one of a known norm."""
        rng = np.random.default_rng(2)
        square = rng.normal(size=(9, 9))
        symmetric, skew = square + square.T, square - square.T
        jacobian = symmetric / np.linalg.norm(symmetric)
        jacobian = scale * (jacobian + asymmetry * skew / np.linalg.norm(skew))
        arrays = {
            "jacobians": np.stack([jacobian, jacobian]),
            "positions_angstrom": np.zeros((2, 3, 3)),
            "refused": np.zeros(2, dtype=bool),
        }
        return judged(
            "hessian_symmetry", data={"step_angstrom": 1e-3}, arrays=arrays | noise(noise_ev)
        )

    return call


def test_a_symmetric_jacobian_passes(judge):
    result = judge(asymmetry=1e-3)
    assert result.status is Status.PASS
    assert result.value == pytest.approx(1e-3, rel=1e-3)


def test_a_curl_fails_by_its_share(judge):
    result = judge(asymmetry=0.01)
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(0.01, rel=1e-3)


def test_an_asymmetry_that_noise_explains_leaves_it_open(judge):
    result = judge(asymmetry=0.01, noise_ev=2e-5)
    assert result.status is Status.INCONCLUSIVE
    assert "noise" in result.message
    assert result.evidence["detection_limit"] > 0.01


def test_what_is_no_number_fails(judge):
    assert judge(asymmetry=np.nan).status is Status.FAIL


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        hessian_symmetry,
        system=water,
        name="hessian_symmetry",
        limits=criteria("hessian_symmetry"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
