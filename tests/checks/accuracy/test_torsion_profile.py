"""Relaxed rotation about bonds: cosines are reproduced, wrong conformers seen."""

import numpy as np
import pytest
from ase.build import molecule as build

from openmm_mlff.checks.accuracy import torsion_scan
from openmm_mlff.checks.accuracy.torsion_profile import CHECK, Record
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, dihedral_gradient
from openmm_mlff.plots import Line
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.units import ev_from_kcal_per_mol, kcal_per_mol_from_ev

HINGE = (2, 0, 1, 3)
SPRINGS = ((0, 1, 1.45), (0, 2, 0.97), (1, 3, 0.97), (0, 3, 1.9), (1, 2, 1.9))
PEROXIDE = MolecularSystem("peroxide", build("H2O2").numbers, build("H2O2").positions)


class Hinge(SurfacePotential):
    """Hydrogen peroxide: springs for bonds and angles, and a cosine of the dihedral angle.

    Springs and cosine have separate minima: every point of the relaxed profile is on the cosine.
    """

    def __init__(self, height_ev=0.2, refused=None) -> None:
        super().__init__(name="hinge", seed=0)
        self.height_ev, self.refused = height_ev, refused

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def surface(positions_angstrom):
            found = [self._one(positions) for positions in positions_angstrom]
            return np.array([e for e, _ in found]), np.array([f for _, f in found])

        return surface

    def _one(self, positions):
        angle = dihedral_degrees(positions, atoms=HINGE)
        if self.refused and abs((angle - self.refused + 180.0) % 360.0 - 180.0) < 0.01:
            raise EvaluationRefusedError("SCF not converged")
        energy = 0.5 * self.height_ev * (1.0 + np.cos(np.radians(angle)))
        slope = -0.5 * self.height_ev * np.sin(np.radians(angle))
        forces = np.zeros_like(positions)
        forces[list(HINGE)] -= slope * dihedral_gradient(positions, atoms=HINGE)
        for i, j, length in SPRINGS:
            arm = positions[i] - positions[j]
            distance = np.linalg.norm(arm)
            energy += 15.0 * (distance - length) ** 2
            pull = -30.0 * (distance - length) * arm / distance
            forces[i] += pull
            forces[j] -= pull
        return energy, forces


@pytest.fixture
def profile(measured, make_subject):
    """The result and the record of one check."""

    def call(potential, reference, *, molecule=PEROXIDE, step_degrees=30.0):
        probes = {"torsion_step_degrees": step_degrees}
        subject = make_subject(potential, molecule, probes=probes, reference=reference)
        return measured(subject), subject.store.read(CHECK.id).record(Record)

    return call


@pytest.mark.parametrize(("height_ev", "status"), [(0.2, Status.PASS), (0.3, Status.FAIL)])
def test_both_profiles_are_their_cosines(profile, height_ev, status):
    result, record = profile(Hinge(height_ev), Hinge(0.2))
    assert result.status is status
    assert record.used.all()
    assert np.diff(record.angles_degrees) == pytest.approx(np.full((1, 11), 30.0))
    shape = 0.5 * (1.0 + np.cos(np.radians(record.angles_degrees)))
    for name, height in (("reference", 0.2), ("model", height_ev)):
        for repeat in ("", "_repeat"):
            found = getattr(record, f"{name}{repeat}_energies_ev")
            np.testing.assert_allclose(found, height * shape, atol=1e-4)
    # The scan passes both the top and the bottom of the cosine.
    assert result.value == pytest.approx((height_ev - 0.2) / ev_from_kcal_per_mol(1.0), abs=0.02)


def test_several_bonds_are_rotated_together(profile, scaled):
    molecule = load_system("ethanol")
    oracle = FieldOracle(molecule, seed=0)
    # A step that does not divide the circle is made smaller.
    result, record = profile(scaled(oracle, 2.0), oracle, molecule=molecule, step_degrees=50.0)
    assert record.used.all()
    assert np.diff(record.angles_degrees) == pytest.approx(np.full((2, 6), 360.0 / 7))
    for found in result.evidence["profiles"]:
        reference = found["barrier_reference_kcal_per_mol"]
        assert found["barrier_model_kcal_per_mol"] == pytest.approx(2.0 * reference)
        assert reference > 0.1


def test_a_path_that_falls_off_its_branch_is_followed_back(profile):
    """Rotating NH2 of acetamide by 180° gives the same molecule, so both barriers are one.

    The path in one direction stays on the branch of the twisted amide, up to 18.1 kcal/mol on one
    side and 14.3 on the other.
    """
    teacher = load_potential(GFN2_XTB)
    _, record = profile(teacher, teacher, molecule=load_system("acetamide"), step_degrees=15.0)
    assert record.used.all()
    energies = kcal_per_mol_from_ev(record.reference_energies_ev[record.bonds.index("C2–N3")])
    halves = energies.reshape(2, 12).max(axis=1) - energies.min()
    assert halves == pytest.approx([10.7, 10.7], abs=0.2)


@pytest.mark.parametrize("whose", ["reference", "model"])
def test_refused_points_are_counted_and_not_used(profile, whose):
    # The minimum is at 180°; the point after three steps is refused.
    bad = Hinge(refused=-90.0)
    result, record = profile(*((bad, Hinge()) if whose == "model" else (Hinge(), bad)))
    assert getattr(record, f"{whose}_refused") == 1
    assert np.flatnonzero(~record.used[0]).tolist() == [3]
    assert result.status is Status.PASS


@pytest.mark.parametrize(
    ("factor", "steps", "fault"), [(1.0, 1, "unconverged"), (1.6, None, "bonds_changed")]
)
def test_points_that_do_not_relax_or_are_another_molecule_are_not_used(
    profile, monkeypatch, stretched, factor, steps, fault
):
    if steps:
        monkeypatch.setattr(torsion_scan, "RELAXATION_STEPS", steps)
        result, record = profile(stretched(PEROXIDE, 1.02), FieldOracle(PEROXIDE, seed=0))
    else:
        result, record = profile(Hinge(), stretched(PEROXIDE, factor))
    assert getattr(record, fault) == 12
    assert not record.used.any()
    assert np.isnan(record.model_energies_ev).all()
    assert result.status is Status.INCONCLUSIVE


ANGLES = np.arange(0.0, 360.0, 15.0)


def without(row, points):
    used = np.ones((2, 24), dtype=bool)
    used[row, points] = False
    return used


def profiles(*, error=0.0, conformer=0.0, wave=0.0, used=None, noise=0.0, spoil=None):
    """Two bonds with threefold profiles 3 and 10 kcal/mol high."""
    heights = np.array([[3.0], [10.0]])
    shape = 0.5 * (1.0 - np.cos(np.radians(3.0 * ANGLES)))
    reference = ev_from_kcal_per_mol(heights * shape)
    model = ev_from_kcal_per_mol((heights + np.array([[0.0], [error]])) * shape) - 7.0
    model[1, ANGLES == 120.0] += ev_from_kcal_per_mol(conformer)
    model[1] += ev_from_kcal_per_mol(wave * np.sin(np.radians(3.0 * ANGLES)) ** 2)
    shifts = ev_from_kcal_per_mol(noise) * np.random.default_rng(2).normal(size=model.shape)
    arrays = {
        "angles_degrees": np.tile(ANGLES, (2, 1)),
        "used": np.ones((2, 24), dtype=bool) if used is None else used,
        "reference_energies_ev": reference,
        "reference_repeat_energies_ev": reference.copy(),
        "model_energies_ev": model,
        "model_repeat_energies_ev": model + shifts,
    }
    if spoil:
        arrays[spoil][1, 5] = np.nan
    counts = {"reference_refused": 0, "unconverged": 0, "bonds_changed": 0, "model_refused": 0}
    return Record(reference="ase:xtb", bonds=("C1–C2", "C2–O3"), **counts, **arrays)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"error": 0.9}, Status.PASS),
        ({"error": 1.1}, Status.FAIL),
        ({"conformer": 0.9}, Status.PASS),
        ({"conformer": 1.1}, Status.FAIL),
        # Right at every minimum and every maximum; the standard deviation of sin² is 1/√8.
        ({"wave": 0.9 * 8**0.5}, Status.PASS),
        ({"wave": 1.1 * 8**0.5}, Status.FAIL),
        ({"used": without(0, slice(4))}, Status.PASS),
        ({"used": without(0, slice(5))}, Status.INCONCLUSIVE),
        ({"used": without(0, slice(24)), "error": 2.0}, Status.FAIL),
        ({"used": ~without(0, [])}, Status.INCONCLUSIVE),
        ({"error": 0.5, "noise": 0.1}, Status.PASS),
        ({"error": 0.9, "noise": 0.1}, Status.INCONCLUSIVE),
        ({"conformer": 0.9, "noise": 0.1}, Status.INCONCLUSIVE),
        ({"spoil": "model_energies_ev"}, Status.FAIL),
        ({"spoil": "model_repeat_energies_ev"}, Status.FAIL),
        ({"spoil": "model_energies_ev", "used": without(1, slice(6))}, Status.INCONCLUSIVE),
        # A point that was not used may hold anything.
        ({"spoil": "model_energies_ev", "used": without(1, 5)}, Status.PASS),
    ],
)
def test_minima_barriers_and_the_rms_are_judged(judge, options, status):
    judgement = judge(profiles(**options))
    assert judgement.status is status
    if status in (Status.PASS, Status.FAIL) and "spoil" not in options:
        wrong = options.get("error", 0.0), options.get("conformer", 0.0)
        expected = max(*map(abs, wrong), options.get("wave", 0.0) / 8**0.5)
        assert judgement.value == pytest.approx(expected, abs=1e-9)


def test_each_bond_that_was_judged_has_a_panel_with_two_curves(drawn, marks_of):
    panels = drawn(profiles(error=1.5))
    assert [panel.title for panel in panels] == ["C1–C2", "C2–O3"]
    for panel, heights in zip(panels, ((3.0, 3.0), (11.5, 10.0)), strict=True):
        model, ideal = marks_of(panel, Line)
        assert (np.diff(model.x) > 0).all()
        assert model.x.min() >= -180.0
        assert (np.ptp(model.y), np.ptp(ideal.y)) == pytest.approx(heights)
    assert not drawn(profiles(used=np.zeros((2, 24), dtype=bool)))
