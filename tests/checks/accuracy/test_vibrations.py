"""Harmonic frequencies against springs with known ones; minima, saddle points and noise."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.modes import harmonic_modes
from openmm_mlff.checks.accuracy.vibrations import Record
from openmm_mlff.checks.parity.unit_scale import typical_stiffness
from openmm_mlff.measuring import hessian
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.plots import Band, Points
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle

PER_CM = 521.4709  # of 1 amu on a spring of 1 eV/Å²: √(k/m)/2πc
WATER, METHANE = load_system("water"), load_system("methane")
CARBON_MONOXIDE = MolecularSystem(
    "carbon monoxide", np.array([6, 8]), np.array([[0.3, -0.2, 0.1], [0.3, -0.2, 1.228]])
)
CARBON_DIOXIDE = MolecularSystem(
    "carbon dioxide", np.array([8, 6, 8]), np.outer([-1.16, 0.0, 1.16], [0.0, 0.0, 1.0])
)


@pytest.mark.parametrize(
    ("molecule", "modes", "factor", "status"),
    [
        (CARBON_MONOXIDE, 1, 1.0, Status.PASS),
        (CARBON_DIOXIDE, 4, 1.3, Status.FAIL),
        (METHANE, 9, 1.3, Status.FAIL),
    ],
)
def test_frequencies_that_are_too_high_are_found(
    measured, make_subject, scaled, molecule, modes, factor, status
):
    oracle = FieldOracle(molecule, seed=0)
    result = measured(make_subject(scaled(oracle, factor), molecule, reference=oracle))
    assert (result.status, result.unit) == (status, "cm⁻¹")
    model, ideal = (
        np.array(result.evidence[f"{whose}_wavenumbers_per_cm"]) for whose in ("model", "reference")
    )
    # All forces larger by one factor: all frequencies higher by its root.
    assert len(model) == modes
    np.testing.assert_allclose(model, factor**0.5 * ideal, rtol=1e-3, atol=2.0)
    if molecule is CARBON_MONOXIDE:
        # A diatomic vibrates at √(k/μ).
        varied = 1.0 + 0.03 * np.random.default_rng(0).normal()
        stiffness = varied * typical_stiffness(np.array([[6, 8]]), np.array([1.128]))[0]
        masses = molecule.masses_amu
        expected = PER_CM * (stiffness * masses.sum() / masses.prod()) ** 0.5
        assert model == pytest.approx([expected], rel=1e-3)


def test_where_the_reference_refuses_a_displacement_nothing_is_decided(
    measured, make_subject, refusing, water
):
    subject = make_subject(FieldOracle(water, seed=0), water, reference=refusing(water, {10_000}))
    assert subject.reference_minimum.converged
    # The 18 displaced geometries come after those of the minimum.  The calculator holds the set.
    options = subject.reference_source.options
    options["at"].add(len(options["seen"]) + 3)
    result = measured(subject)
    assert result.status is Status.INCONCLUSIVE
    assert "SCF not converged" in result.message


def test_of_a_large_molecule_part_of_the_hessian_is_measured(measured, make_subject, monkeypatch):
    monkeypatch.setattr(hessian, "MOST_ATOMS", 4)
    monkeypatch.setattr(hessian, "SAMPLED_ATOMS", 2)
    oracle = FieldOracle(METHANE, seed=0)
    subject = make_subject(oracle, METHANE, reference=oracle)
    result = measured(subject)
    assert subject.hessian.jacobians.shape == (1, 6, 6)
    assert len(set(subject.hessian.atoms.tolist())) == 2
    assert not subject.hessian.is_whole
    assert result.status is Status.NOT_APPLICABLE
    assert "only 2 atoms were displaced" in result.message


@pytest.mark.parametrize(("force", "status"), [(0.3, Status.INCONCLUSIVE), (3e-4, Status.PASS)])
def test_what_is_not_at_a_minimum_decides_nothing(measured, make_subject, water, force, status):
    oracle = FieldOracle(water, seed=0)
    subject = make_subject(oracle, water, reference=oracle)
    object.__setattr__(subject.reference_minimum, "model_largest_force", force)
    assert measured(subject).status is status


def springs(molecule, constants):
    """Return the force Jacobian of springs at rest: −k n nᵀ for each pair."""
    positions = molecule.positions_angstrom
    jacobian = np.zeros((positions.size, positions.size))
    for (i, j), constant in constants.items():
        direction = positions[i] - positions[j]
        row = np.zeros(positions.shape)
        row[i] = direction / np.linalg.norm(direction)
        row[j] = -row[i]
        jacobian -= constant * np.outer(row.ravel(), row.ravel())
    return jacobian


def of_water(molecule, *, bend=4.0):
    return springs(molecule, {(0, 1): 50.0, (0, 2): 50.0, (1, 2): bend})


def test_a_bent_triatomic_has_wilsons_stretches_in_any_orientation():
    # ν = √(k (1/m_H + (1 ± cos θ)/m_O)) without coupling (Wilson, Decius & Cross, 1955).
    found, _ = harmonic_modes(of_water(WATER, bend=0.0), WATER)
    oxygen, *hydrogens = WATER.positions_angstrom
    arms = [h - oxygen for h in hydrogens]
    cosine = arms[0] @ arms[1] / np.linalg.norm(arms[0]) / np.linalg.norm(arms[1])
    m_o, m_h, _ = WATER.masses_amu
    expected = [PER_CM * (50.0 * (1 / m_h + (1 + sign * cosine) / m_o)) ** 0.5 for sign in (1, -1)]
    np.testing.assert_allclose(found[1:], sorted(expected), rtol=1e-4)
    assert found[0] == pytest.approx(0.0, abs=0.1)
    turn = Rotation.from_rotvec([0.4, 1.1, -0.3]).as_matrix()
    moved = WATER.with_positions(WATER.positions_angstrom @ turn.T + [3.0, -50.0, 8.0])
    here, there = (harmonic_modes(of_water(one), one)[0] for one in (WATER, moved))
    np.testing.assert_allclose(there, here, rtol=1e-9)


def test_the_error_from_noise_is_the_scatter():
    clean, rng = of_water(WATER), np.random.default_rng(5)
    noise = 0.05 * rng.normal(size=(400, *clean.shape))
    found = np.array([harmonic_modes(clean + one, WATER) for one in noise])
    scatter, stated = found[:, 0].std(axis=0), found[:, 1].mean(axis=0)
    np.testing.assert_allclose(stated, scatter, rtol=0.15)


def record(model, ideal, error=0.1):
    return Record(
        reference="ase:xtb",
        reason="" if len(model) else "it did not converge",
        model_wavenumbers_per_cm=np.array(model),
        model_errors_per_cm=np.full(len(model), error),
        reference_wavenumbers_per_cm=np.array(ideal),
        reference_errors_per_cm=np.full(len(ideal), error),
        model_largest_force=0.0003,
        reference_largest_force=0.0003,
        model_step_angstrom=1e-3,
    )


USUAL = (1500.0, 3600.0, 3700.0)
LINEAR = (500.0, 500.0, 1300.0, 2300.0)
LOST = (np.nan,) * 3


@pytest.mark.parametrize(
    ("model", "ideal", "error", "status", "value"),
    [
        ((1540.0, 3640.0, 3740.0), USUAL, 0.1, Status.PASS, 40.0),
        ((1560.0, 3660.0, 3760.0), USUAL, 0.1, Status.FAIL, 60.0),
        ((1540.0, 3640.0, 3740.0), USUAL, 10.0, Status.INCONCLUSIVE, None),
        # An imaginary mode up to 30 cm⁻¹ may be what is left of a force.
        ((-20.0, 3600.0, 3700.0), (20.0, 3600.0, 3700.0), 0.1, Status.PASS, None),
        ((-40.0, 3600.0, 3700.0), (20.0, 3600.0, 3700.0), 0.1, Status.FAIL, 40.0),
        # A saddle point of the reference.
        (USUAL, (-40.0, 3600.0, 3700.0), 0.1, Status.INCONCLUSIVE, None),
        # One is linear, the other is not.
        (LINEAR, USUAL, 0.1, Status.FAIL, None),
        (USUAL, LINEAR, 0.1, Status.FAIL, None),
        (LOST, USUAL, 0.1, Status.FAIL, None),
        (USUAL, LOST, 0.1, Status.INCONCLUSIVE, None),
        ((), (), 0.1, Status.INCONCLUSIVE, None),
    ],
)
def test_frequencies_are_judged(decides, model, ideal, error, status, value):
    decides(record(model, ideal, error), status, ... if value is None else value)


def test_differences_are_drawn_at_the_reference_s_frequencies(drawn, marks_of):
    (panel,) = drawn(record([1495.0, 3590.0, 3700.0], USUAL))
    (points,), (band,) = marks_of(panel, Points), marks_of(panel, Band)
    assert points.x.tolist() == list(USUAL)
    assert points.y.tolist() == [-5.0, -10.0, 0.0]
    assert (band.low, band.high) == (-50.0, 50.0)
    for model, ideal in ((LINEAR, USUAL), ([], []), (LOST, USUAL)):
        assert not drawn(record(model, ideal))
