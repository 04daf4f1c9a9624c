"""Harmonic frequencies against springs with known ones; minima, saddle points and noise."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.accuracy.modes import harmonic_modes, internal_directions
from openmm_mlff.checks.accuracy.vibrations import CHECK, Record
from openmm_mlff.checks.parity.unit_scale import typical_stiffness
from openmm_mlff.measuring import hessian
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pair import PairOracle

PER_CM = 521.4709  # of 1 amu on a spring of 1 eV/Å²: √(k/m)/2πc
ONE_HESSIAN = {"hessian_geometries": 1}


@pytest.fixture
def carbon_monoxide():
    return MolecularSystem(
        "carbon monoxide", np.array([6, 8]), np.array([[0.3, -0.2, 0.1], [0.3, -0.2, 1.228]])
    )


@pytest.mark.parametrize("name", ["water", "methane", "carbon monoxide", "carbon dioxide"])
@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.3, Status.FAIL)])
def test_frequencies_that_are_too_high_are_found(
    measured, make_subject, scaled, carbon_monoxide, carbon_dioxide, name, factor, status
):
    linear = {"carbon monoxide": carbon_monoxide, "carbon dioxide": carbon_dioxide}
    molecule = linear[name] if name in linear else load_system(name)
    oracle = FieldOracle(molecule, seed=0)
    subject = make_subject(scaled(oracle, factor), molecule, probes=ONE_HESSIAN, reference=oracle)
    result = measured(CHECK, subject)
    assert result.status is status
    assert result.unit == "cm⁻¹"
    model, ideal = (
        result.evidence[f"{whose}_wavenumbers_per_cm"] for whose in ("model", "reference")
    )
    # 3N − 6 modes, or 3N − 5 of a linear molecule.
    assert len(model) == 3 * molecule.n_atoms - (5 if name in linear else 6)
    # All forces larger by one factor: all frequencies higher by its root.
    np.testing.assert_allclose(model, factor**0.5 * np.array(ideal), rtol=1e-3, atol=2.0)


def test_a_diatomic_vibrates_at_the_root_of_k_over_mu(measured, make_subject, carbon_monoxide):
    oracle = FieldOracle(carbon_monoxide, seed=0)
    result = measured(
        CHECK, make_subject(oracle, carbon_monoxide, probes=ONE_HESSIAN, reference=oracle)
    )
    varied = 1.0 + 0.03 * np.random.default_rng(0).normal()
    stiffness = varied * typical_stiffness(np.array([[6, 8]]), np.array([1.128]))[0]
    masses = carbon_monoxide.masses_amu
    expected = PER_CM * (stiffness * masses.sum() / masses.prod()) ** 0.5
    assert result.evidence["model_wavenumbers_per_cm"] == pytest.approx([expected], rel=1e-3)


@pytest.mark.parametrize("at", [{1}, {40}], ids=["minimum", "Hessian"])
def test_where_the_reference_refuses_nothing_is_decided(
    measured, make_subject, refusing, water, at
):
    subject = make_subject(
        FieldOracle(water, seed=0), water, probes=ONE_HESSIAN, reference=refusing(water, at)
    )
    # The minimum takes fewer than 30 evaluations, the 18 displaced geometries come after it.
    minimum = subject.reference_minimum
    found = len(subject.reference_source.options["seen"])
    assert minimum.converged is (at != {1})
    if minimum.converged:
        # The calculator holds the very set.
        refused = subject.reference_source.options["at"]
        refused.clear()
        refused.add(found + 3)
    result = measured(CHECK, subject)
    assert result.status is Status.INCONCLUSIVE
    assert "SCF not converged" in result.message


def test_of_a_large_molecule_a_sample_of_the_hessian_is_measured(
    measured, make_subject, monkeypatch
):
    monkeypatch.setattr(hessian, "MOST_ATOMS", 4)
    monkeypatch.setattr(hessian, "SAMPLED_ATOMS", 2)
    methane = load_system("methane")
    oracle = FieldOracle(methane, seed=0)
    subject = make_subject(oracle, methane, probes=ONE_HESSIAN, reference=oracle)
    result = measured(CHECK, subject)
    assert subject.hessian.jacobians.shape == (1, 6, 6)
    assert len(set(subject.hessian.atoms.tolist())) == 2
    assert not subject.hessian.is_whole
    assert result.status is Status.NOT_APPLICABLE
    assert "only 2 atoms were displaced" in result.message


def test_atoms_and_boxes_are_not_applicable(measured, make_subject, helium):
    cell = 12.0 * np.eye(3)
    pair = np.array([[0.0, 0.0, 0.0], [6.0, 6.0, 6.0]])
    box = MolecularSystem("box", np.array([2, 2]), pair, cell_angstrom=cell)
    for molecule in (helium, box):
        oracle = PairOracle(seed=0)
        subject = make_subject(oracle, molecule, probes=ONE_HESSIAN, reference=oracle)
        assert measured(CHECK, subject).status is Status.NOT_APPLICABLE


def springs(positions, *, constants):
    """Return the force Jacobian of springs at rest: −k n nᵀ for each pair."""
    jacobian = np.zeros((positions.size, positions.size))
    for (i, j), constant in constants.items():
        direction = positions[i] - positions[j]
        row = np.zeros(positions.shape)
        row[i] = direction / np.linalg.norm(direction)
        row[j] = -row[i]
        jacobian -= constant * np.outer(row.ravel(), row.ravel())
    return jacobian


def water_jacobian(water, *, scale=1.0, bend=4.0):
    constants = {(0, 1): 50.0 * scale, (0, 2): 50.0 * scale, (1, 2): bend}
    return springs(water.positions_angstrom, constants=constants)


def test_a_linear_triatomic_has_the_stretches_of_the_textbook(carbon_dioxide):
    # CO2 as two springs: ν_s = √(k/m_O), ν_a = √(k/m_O (1 + 2 m_O/m_C)); bends cost nothing.
    constants = {(0, 1): 100.0, (1, 2): 100.0}
    jacobian = springs(carbon_dioxide.positions_angstrom, constants=constants)
    found, _ = harmonic_modes(jacobian, carbon_dioxide)
    oxygen, carbon, _ = carbon_dioxide.masses_amu
    symmetric = PER_CM * (100.0 / oxygen) ** 0.5
    expected = [0.0, 0.0, symmetric, symmetric * (1 + 2 * oxygen / carbon) ** 0.5]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_a_bent_triatomic_has_wilsons_stretches(water):
    # ν = √(k (1/m_H + (1 ± cos θ)/m_O)) without coupling (Wilson, Decius & Cross, 1955).
    found, _ = harmonic_modes(water_jacobian(water, bend=0.0), water)
    oxygen, *hydrogens = water.positions_angstrom
    arms = [h - oxygen for h in hydrogens]
    cosine = arms[0] @ arms[1] / np.linalg.norm(arms[0]) / np.linalg.norm(arms[1])
    m_o, m_h, _ = water.masses_amu
    expected = [PER_CM * (50.0 * (1 / m_h + (1 + sign * cosine) / m_o)) ** 0.5 for sign in (1, -1)]
    np.testing.assert_allclose(found[1:], sorted(expected), rtol=1e-4)
    assert found[0] == pytest.approx(0.0, abs=0.1)


def test_neither_position_nor_orientation_changes_a_frequency(water):
    turn = Rotation.from_rotvec([0.4, 1.1, -0.3]).as_matrix()
    moved = water.with_positions(water.positions_angstrom @ turn.T + [3.0, -50.0, 8.0])
    here, there = (harmonic_modes(water_jacobian(one), one)[0] for one in (water, moved))
    np.testing.assert_allclose(there, here, rtol=1e-9)


@pytest.mark.parametrize(("name", "modes"), [("water", 3), ("methane", 9), ("alanine", 33)])
def test_internal_directions_are_neither_translations_nor_rotations(name, modes):
    molecule = load_system(name)
    kept = internal_directions(molecule)
    assert kept.shape == (3 * molecule.n_atoms, modes)
    root = np.sqrt(molecule.masses_amu)[:, None]
    for axis in np.eye(3):
        rotation = root * np.cross(axis, molecule.positions_angstrom)
        translation = root * np.broadcast_to(axis, rotation.shape)
        np.testing.assert_allclose(kept.T @ rotation.ravel(), 0.0, atol=1e-10)
        np.testing.assert_allclose(kept.T @ translation.ravel(), 0.0, atol=1e-10)


def test_the_error_from_noise_is_the_scatter(water):
    clean, rng = water_jacobian(water), np.random.default_rng(5)
    noise = 0.05 * rng.normal(size=(400, *clean.shape))
    found = np.array([harmonic_modes(clean + one, water) for one in noise])
    scatter, stated = found[:, 0].std(axis=0), found[:, 1].mean(axis=0)
    np.testing.assert_allclose(stated, scatter, rtol=0.15)


@pytest.fixture
def judge(limits):
    def call(
        model=(1500.0, 3600.0, 3700.0),
        ideal=(1500.0, 3600.0, 3700.0),
        *,
        errors=(0.1, 0.1),
        reason="",
    ):
        model, ideal = np.array(model), np.array(ideal)
        record = Record(
            reference="ase:xtb",
            reason=reason,
            model_wavenumbers_per_cm=model,
            model_errors_per_cm=np.full(len(model), errors[0]),
            reference_wavenumbers_per_cm=ideal,
            reference_errors_per_cm=np.full(len(ideal), errors[1]),
            model_largest_force=0.0003,
            reference_largest_force=0.0003,
            model_step_angstrom=1e-3,
        )
        return CHECK.judge(record, limits("vibrations"))

    return call


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, Status.PASS),
        ({"model": (1540.0, 3640.0, 3740.0)}, Status.PASS),
        ({"model": (1560.0, 3660.0, 3760.0)}, Status.FAIL),
        # An imaginary mode up to 30 cm⁻¹ may be what is left of a force.
        ({"model": (-20.0, 3600.0, 3700.0), "ideal": (20.0, 3600.0, 3700.0)}, Status.PASS),
        ({"model": (-40.0, 3600.0, 3700.0), "ideal": (20.0, 3600.0, 3700.0)}, Status.FAIL),
        # A saddle point of the reference.
        ({"ideal": (-40.0, 3600.0, 3700.0)}, Status.INCONCLUSIVE),
        # One is linear, the other is not.
        ({"model": (500.0, 500.0, 1300.0, 2300.0)}, Status.FAIL),
        ({"ideal": (500.0, 500.0, 1300.0, 2300.0)}, Status.FAIL),
        ({"model": (1540.0, 3640.0, 3740.0), "errors": (10.0, 10.0)}, Status.INCONCLUSIVE),
        ({"model": (np.nan,) * 3}, Status.FAIL),
        ({"ideal": (np.nan,) * 3}, Status.INCONCLUSIVE),
        ({"model": (), "ideal": (), "reason": "it did not converge"}, Status.INCONCLUSIVE),
    ],
)
def test_frequencies_are_judged(judge, options, status):
    judgement = judge(**options)
    assert judgement.status is status
    if options.get("model", (0.0,))[0:1] == (-40.0,):
        assert (judgement.value, judgement.threshold) == (40.0, 30.0)


@pytest.mark.parametrize(("force", "usable"), [(0.3, False), (0.0003, True)])
def test_a_potential_that_is_not_at_a_minimum_decides_nothing(
    measured, make_subject, monkeypatch, water, force, usable
):
    oracle = FieldOracle(water, seed=0)
    subject = make_subject(oracle, water, probes=ONE_HESSIAN, reference=oracle)
    found = subject.reference_minimum
    object.__setattr__(found, "model_largest_force", force)
    result = measured(CHECK, subject)
    assert result.status is (Status.PASS if usable else Status.INCONCLUSIVE)
