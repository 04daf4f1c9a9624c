"""Gradients pass at the best step; other forces fail by as much as they err."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.force_consistency import (
    CHECK,
    LONGEST_PATH_ANGSTROM,
    STEPS_ANGSTROM,
    Record,
    measure,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.defects import get_defect
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import PairOracle


@pytest.mark.parametrize("kind", ["bonded", "pair"])
def test_a_gradient_passes(measured, make_subject, kind):
    molecule = load_system("methane")
    potential = healthy(kind, molecule=molecule, seed=0)
    result = measured(CHECK, make_subject(potential, molecule))
    assert result.status is Status.PASS
    assert result.evidence["chosen_step_angstrom"] == 3e-4


@pytest.mark.parametrize("name", ["scaled forces", "force sign", "no gradient"])
def test_planted_faults_fail(measured, make_subject, name):
    defect = get_defect(name)
    molecule = load_system(defect.system)
    faulty = defect.plant(healthy(defect.kind, molecule=molecule, seed=0), defect.gross)
    result = measured(CHECK, make_subject(faulty, molecule))
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_one_atom_without_forces_passes(measured, make_subject, one_atom, lennard_jones):
    assert measured(CHECK, make_subject(lennard_jones(), one_atom)).status is Status.PASS


def test_differences_converge_and_work_is_the_energy_gained(geometries_of, water):
    subject = geometries_of(healthy("pair", molecule=water, seed=0), water)
    record = measure(subject)

    error = record.differences + record.projected_forces
    rms = np.sqrt(np.mean(error**2, axis=(1, 2)))
    # The error of a central difference goes as the square of its step.
    steps = record.steps_angstrom
    np.testing.assert_allclose(rms[:-2] / rms[1:-1], (steps[:-2] / steps[1:-1]) ** 2, rtol=0.02)
    assert np.abs(record.work_energy_changes_ev).max() > 1e-2
    missing = record.work_energy_changes_ev + record.work_integrals_ev
    np.testing.assert_allclose(missing, 0.0, atol=1e-8)
    assert np.abs(record.work_integrals_ev - record.work_integrals_coarse_ev).max() < 1e-5


def test_paths_are_short_and_all_is_one_call(geometries_of, water):
    seen = []

    class Watching(PairOracle):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            seen.append(positions_angstrom)
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    subject = geometries_of(Watching(seed=0), water)
    far = np.random.default_rng(1).normal(scale=2.0, size=(3, 3, 3))
    subject.geometries = lambda: far
    measure(subject)

    points, *_noise = seen
    moved = points.reshape(3, -1, 3, 3) - far[:, None]
    assert np.linalg.norm(moved, axis=-1).max() == pytest.approx(LONGEST_PATH_ANGSTROM)


@pytest.fixture
def judge(limits):
    def call(*, error=0.0, noise_ev=1e-9, work_ev=0.0, quadrature_ev=0.0, broken=False, refused=0):
        """Forces off by `error` (eV/Å); differences with their own truncation and noise."""
        rng = np.random.default_rng(3)
        slopes = rng.normal(scale=2.0, size=(4, 6))
        own = (30.0 * STEPS_ANGSTROM**2)[:, None, None] * rng.normal(size=(4, 6))
        rounding = (
            rng.normal(size=(5, 4, 6)) * (noise_ev / (np.sqrt(2.0) * STEPS_ANGSTROM))[:, None, None]
        )
        projected = -slopes + error * np.sign(rng.normal(size=(4, 6)))
        gained = rng.normal(size=4)
        record = Record(
            steps_angstrom=STEPS_ANGSTROM,
            differences=slopes + own + rounding,
            projected_forces=np.full((4, 6), np.nan) if broken else projected,
            refused=np.arange(4) < refused,
            work_energy_changes_ev=gained,
            work_integrals_ev=-gained + work_ev,
            work_integrals_coarse_ev=-gained + work_ev + quadrature_ev,
            work_refused=np.zeros(4, dtype=bool),
            energy_noise_ev=noise_ev,
            force_noise_ev_per_angstrom=noise_ev,
        )
        return CHECK.judge(record, limits("force_consistency"))

    return call


@pytest.mark.parametrize(
    ("case", "status", "value", "unit"),
    [
        ({"noise_ev": 1e-6}, Status.PASS, None, None),
        ({"error": 0.01}, Status.FAIL, 10.0, "meV/Å"),
        ({"error": 0.01, "noise_ev": 3e-4}, Status.PASS, None, None),
        ({"work_ev": 2e-3}, Status.FAIL, 2.0, "meV"),
        ({"work_ev": 2e-3, "quadrature_ev": 1e-3}, Status.PASS, None, None),
        ({"broken": True}, Status.FAIL, np.nan, "meV/Å"),
        ({"work_ev": np.nan}, Status.FAIL, np.nan, "meV"),
        ({"refused": 1}, Status.PASS, None, None),
        ({"refused": 2}, Status.INCONCLUSIVE, None, None),
    ],
)
def test_what_exceeds_the_own_error_decides(judge, case, status, value, unit):
    judgement = judge(**case)
    assert judgement.status is status
    if value is not None:
        assert judgement.value == pytest.approx(value, rel=0.05, nan_ok=True)
        assert judgement.unit == unit


def test_the_step_balances_noise_and_truncation(judge):
    # Truncation 30 h² meets noise 1e-6 / (√2 h) near h = 2.3e-3 Å.
    assert judge(noise_ev=1e-6).evidence["chosen_step_angstrom"] == 3e-3
    assert judge(noise_ev=1e-12).evidence["chosen_step_angstrom"] == 3e-4
    noisy = judge(error=0.01, noise_ev=3e-4)
    assert noisy.evidence["detection_limit"] > 20.0
    rough = judge(work_ev=2e-3, quadrature_ev=1e-3)
    assert rough.evidence["paths_too_rough_to_judge"] == 4
