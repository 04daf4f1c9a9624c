"""Relaxed rotation about bonds: cosines are reproduced, wrong conformers seen."""

import numpy as np
import pytest
from ase.build import molecule as build

from openmm_mlff.checks.accuracy import torsion_profile
from openmm_mlff.checks.accuracy.torsion_profile import CHECK, Record
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, dihedral_gradient
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.units import ev_from_kcal_per_mol

HINGE = (2, 0, 1, 3)
SPRINGS = ((0, 1, 1.45), (0, 2, 0.97), (1, 3, 0.97), (0, 3, 1.9), (1, 2, 1.9))


def near_trans(degrees):
    """Return 1 at a dihedral angle of 180°, and e⁻⁸ a quarter turn away."""
    return np.exp(-8.0 * (1.0 + np.cos(np.radians(degrees))))


class Hinge(SurfacePotential):
    """Hydrogen peroxide: springs for bonds and angles, and a cosine of the dihedral angle.

    Springs and cosine have separate minima: every point of the relaxed profile is on the cosine.
    """

    def __init__(
        self, height_ev=0.2, refused=(), tilt_ev_per_angstrom=0.0, *, wells=1, misplaced_ev=0.0
    ) -> None:
        super().__init__(name="hinge", seed=0)
        self.height_ev, self.refused, self.tilt = height_ev, refused, tilt_ev_per_angstrom
        self.wells, self.misplaced_ev = wells, misplaced_ev

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def surface(positions_angstrom):
            found = [self._one(positions) for positions in positions_angstrom]
            return np.array([e for e, _ in found]), np.array([f for _, f in found])

        return surface

    def _one(self, positions):
        angle = dihedral_degrees(positions, atoms=HINGE)
        if any(abs((angle - bad + 180.0) % 360.0 - 180.0) < 0.01 for bad in self.refused):
            raise EvaluationRefusedError("SCF not converged")
        # One well is at 180°, and a second one at 0°.
        turn, sign = self.wells * np.radians(angle), 1.0 if self.wells == 1 else -1.0
        moved = self.misplaced_ev * near_trans(angle)
        energy = 0.5 * self.height_ev * (1.0 + sign * np.cos(turn)) + moved
        energy += self.tilt * positions[0, 2]
        slope = -0.5 * sign * self.height_ev * self.wells * np.sin(turn)
        slope += 8.0 * moved * np.sin(np.radians(angle))
        forces = np.zeros_like(positions)
        forces[list(HINGE)] -= slope * dihedral_gradient(positions, atoms=HINGE)
        forces[0, 2] -= self.tilt
        for i, j, length in SPRINGS:
            arm = positions[i] - positions[j]
            distance = np.linalg.norm(arm)
            energy += 15.0 * (distance - length) ** 2
            pull = -30.0 * (distance - length) * arm / distance
            forces[i] += pull
            forces[j] -= pull
        return energy, forces


@pytest.fixture
def peroxide():
    atoms = build("H2O2")
    return MolecularSystem("peroxide", atoms.numbers, atoms.positions)


@pytest.fixture
def profile(measured, make_subject, peroxide):
    """The result and the record of one check."""

    def call(potential, reference, *, molecule=peroxide, step_degrees=30.0):
        probes = {"torsion_step_degrees": step_degrees, "hessian_geometries": 1}
        subject = make_subject(potential, molecule, probes=probes, reference=reference)
        result = measured(CHECK, subject)
        return result, subject.store.read(CHECK.id).record(Record)

    return call


@pytest.mark.parametrize(("height_ev", "status"), [(0.2, Status.PASS), (0.3, Status.FAIL)])
def test_both_profiles_are_their_cosines(profile, height_ev, status):
    result, record = profile(Hinge(height_ev), Hinge(0.2))
    assert result.status is status
    assert record.used.all()
    assert record.used.shape == (1, 12)
    assert np.diff(record.angles_degrees[0]) == pytest.approx(30.0)
    shape = 0.5 * (1.0 + np.cos(np.radians(record.angles_degrees)))
    np.testing.assert_allclose(record.reference_energies_ev, 0.2 * shape, atol=1e-4)
    np.testing.assert_allclose(record.model_energies_ev, height_ev * shape, atol=1e-4)
    for name in ("reference", "model"):
        repeat = getattr(record, f"{name}_repeat_energies_ev")
        np.testing.assert_allclose(repeat, getattr(record, f"{name}_energies_ev"), atol=1e-12)
    # The scan passes both the top and the bottom of the cosine.
    assert result.value == pytest.approx((height_ev - 0.2) / ev_from_kcal_per_mol(1.0), abs=0.02)


@pytest.mark.parametrize(
    ("error_kcal_per_mol", "status"), [(0.5, Status.PASS), (3.0, Status.FAIL), (-3.0, Status.FAIL)]
)
def test_a_misplaced_conformer_is_seen_behind_the_right_barrier(
    profile, error_kcal_per_mol, status
):
    faulty = Hinge(0.4, wells=2, misplaced_ev=ev_from_kcal_per_mol(error_kcal_per_mol))
    result, record = profile(faulty, Hinge(0.4, wells=2), step_degrees=15.0)
    assert result.status is status
    minimum, barrier, rms = (one["value"] for one in result.evidence["measures"])
    if error_kcal_per_mol > 0.0:
        assert barrier < 0.1
    # The mean of exp(8 (cos φ − 1)) is e⁻⁸ I₀(8) = 0.143, that of its square e⁻¹⁶ I₀(16) = 0.101.
    spread = np.sqrt(0.1006 - 0.1434**2) * abs(error_kcal_per_mol)
    assert rms == pytest.approx(spread, rel=0.02)
    nearest = near_trans(record.angles_degrees).max()
    assert minimum == pytest.approx(nearest * abs(error_kcal_per_mol), abs=0.02)


def test_several_bonds_are_rotated_together(profile, scaled):
    molecule = load_system("ethanol")
    oracle = FieldOracle(molecule, seed=0)
    result, record = profile(scaled(oracle, 2.0), oracle, molecule=molecule, step_degrees=60.0)
    assert len(record.bonds) == 2
    assert record.used.all()
    barriers = [
        (p["barrier_model_kcal_per_mol"], p["barrier_reference_kcal_per_mol"])
        for p in result.evidence["profiles"]
    ]
    for model, reference in barriers:
        assert model == pytest.approx(2.0 * reference)
        assert reference > 0.1


def test_a_step_that_does_not_divide_the_circle_is_made_smaller(profile):
    _, record = profile(Hinge(), Hinge(), step_degrees=50.0)
    assert np.diff(record.angles_degrees[0]) == pytest.approx(360.0 / 7)


@pytest.mark.parametrize("whose", ["reference", "model"])
def test_refused_points_are_counted_and_not_used(profile, whose):
    # The minimum is at 180°; the point after three steps is refused.
    bad = Hinge(refused=(-90.0,))
    result, record = profile(*((bad, Hinge()) if whose == "model" else (Hinge(), bad)))
    assert getattr(record, f"{whose}_refused") == 1
    assert np.flatnonzero(~record.used[0]).tolist() == [3]
    assert result.status is Status.PASS


def test_points_that_do_not_relax_are_counted(profile, monkeypatch, stretched, peroxide):
    monkeypatch.setattr(torsion_profile, "RELAXATION_STEPS", 1)
    result, record = profile(stretched(peroxide, 1.02), FieldOracle(peroxide, seed=0))
    assert record.unconverged == 12
    assert not record.used.any()
    assert np.isnan(record.model_energies_ev).all()
    assert result.status is Status.INCONCLUSIVE


def test_a_reference_that_makes_another_molecule_is_not_followed(profile, stretched, peroxide):
    result, record = profile(Hinge(), stretched(peroxide, 1.6))
    assert record.bonds_changed == 12
    assert not record.used.any()
    assert result.status is Status.INCONCLUSIVE


@pytest.mark.parametrize("name", ["water", "methane"])
def test_without_a_rotatable_bond_it_is_not_applicable(measured, make_subject, name):
    molecule = load_system(name)
    oracle = healthy("bonded", molecule=molecule, seed=0)
    probes = {"hessian_geometries": 1}
    result = measured(CHECK, make_subject(oracle, molecule, probes=probes, reference=oracle))
    assert result.status is Status.NOT_APPLICABLE


ANGLES = np.arange(0.0, 360.0, 15.0)
ALL = np.ones((2, 24), dtype=bool)


def without(row, count):
    used = ALL.copy()
    used[row, :count] = False
    return used


@pytest.fixture
def judge(limits):
    """Two bonds with threefold profiles 3 and 10 kcal/mol high."""

    def call(*, error=0.0, conformer=0.0, wave=0.0, used=ALL, noise=0.0, spoil=None):
        heights = np.array([[3.0], [10.0]])
        shape = 0.5 * (1.0 - np.cos(np.radians(3.0 * ANGLES)))
        reference = ev_from_kcal_per_mol(heights * shape)
        model = ev_from_kcal_per_mol((heights + np.array([[0.0], [error]])) * shape) - 7.0
        model[1, ANGLES == 120.0] += ev_from_kcal_per_mol(conformer)
        model[1] += ev_from_kcal_per_mol(wave * np.sin(np.radians(3.0 * ANGLES)) ** 2)
        shifts = ev_from_kcal_per_mol(noise) * np.random.default_rng(2).normal(size=model.shape)
        arrays = {
            "angles_degrees": np.tile(ANGLES, (2, 1)),
            "used": used,
            "reference_energies_ev": reference,
            "reference_repeat_energies_ev": reference.copy(),
            "model_energies_ev": model,
            "model_repeat_energies_ev": model + shifts,
        }
        if spoil:
            arrays[spoil][1, 5] = np.nan
        counts = {"reference_refused": 0, "unconverged": 0, "bonds_changed": 0, "model_refused": 0}
        record = Record(reference="ase:xtb", bonds=("C1–C2", "C2–O3"), **counts, **arrays)
        return CHECK.judge(record, limits(CHECK.id))

    return call


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, Status.PASS),
        ({"error": 0.9}, Status.PASS),
        ({"error": 1.1}, Status.FAIL),
        ({"error": -1.1}, Status.FAIL),
        ({"conformer": 0.9}, Status.PASS),
        ({"conformer": 1.1}, Status.FAIL),
        ({"conformer": -1.1}, Status.FAIL),
        ({"conformer": 0.9, "noise": 0.1}, Status.INCONCLUSIVE),
        # Right at every minimum and every maximum; the standard deviation of sin² is 1/√8.
        ({"wave": 0.9 * 8**0.5}, Status.PASS),
        ({"wave": 1.1 * 8**0.5}, Status.FAIL),
        ({"used": without(0, 4)}, Status.PASS),
        ({"used": without(0, 5)}, Status.INCONCLUSIVE),
        ({"used": without(0, 24), "error": 2.0}, Status.FAIL),
        ({"used": ~ALL}, Status.INCONCLUSIVE),
        ({"error": 0.9, "noise": 0.1}, Status.INCONCLUSIVE),
        ({"error": 0.5, "noise": 0.1}, Status.PASS),
        ({"spoil": "model_energies_ev"}, Status.FAIL),
        ({"spoil": "model_repeat_energies_ev"}, Status.FAIL),
        ({"spoil": "model_energies_ev", "used": without(1, 6) & ALL}, Status.INCONCLUSIVE),
    ],
)
def test_minima_barriers_and_the_rms_are_judged(judge, options, status):
    judgement = judge(**options)
    assert judgement.status is status
    if status in (Status.PASS, Status.FAIL) and "spoil" not in options:
        wrong = options.get("error", 0.0), options.get("conformer", 0.0)
        expected = max(*map(abs, wrong), options.get("wave", 0.0) / 8**0.5)
        assert judgement.value == pytest.approx(expected, abs=1e-9)


def test_points_that_were_not_used_may_hold_anything(judge):
    used = ALL.copy()
    used[1, 5] = False
    assert judge(used=used, spoil="model_energies_ev").status is Status.PASS


@pytest.mark.parametrize("conformer", [1.1, -1.1])
def test_minima_are_those_of_the_reference(judge, conformer):
    judgement = judge(conformer=conformer)
    worst = judgement.evidence["measures"][3]
    assert worst["value"] == pytest.approx(1.1)
    assert "at 120° of C2–O3" in worst["what"]
    assert judgement.evidence["profiles"][1]["model_kcal_per_mol"][0] == pytest.approx(0.0)


def test_the_evidence_has_barriers_and_their_noise(judge):
    evidence = judge(error=-1.3, noise=0.1).evidence
    profiles = evidence["profiles"]
    barriers = [profile["barrier_reference_kcal_per_mol"] for profile in profiles]
    assert barriers == pytest.approx([3.0, 10.0])
    # A threefold cosine of height e has a standard deviation of e/√8.
    assert evidence["measures"][5]["value"] == pytest.approx(1.3 / 8**0.5)
    noise = [profile["detection_limit_kcal_per_mol"] for profile in profiles]
    assert noise == pytest.approx([0.2, 0.2], rel=0.3)
