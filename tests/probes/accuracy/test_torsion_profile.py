from dataclasses import replace

import numpy as np
import pytest
from ase.build import molecule as build
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.torsions import dihedral_degrees, dihedral_gradient
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.probes.accuracy import torsion_profile
from openmm_mlff.probes.accuracy.torsion_profile import probe_torsion_profile

HINGE = (2, 0, 1, 3)


class Hinge(Calculator):
    """Hydrogen peroxide: springs for bonds and angles, and a cosine of the dihedral angle.

    Springs and cosine have their minima apart from one another, so that all points of the relaxed
    profile lie on the cosine.
    """

    def __init__(self, height_ev=0.2, refused=(), tilt_ev_per_angstrom=0.0) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]
        self.height_ev, self.refused, self.tilt = height_ev, refused, tilt_ev_per_angstrom

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        positions = self.atoms.positions
        angle = dihedral_degrees(positions, atoms=HINGE)
        if any(abs((angle - bad + 180.0) % 360.0 - 180.0) < 1.0 for bad in self.refused):
            raise CalculationFailed("SCF not converged")
        energy = 0.5 * self.height_ev * (1.0 + np.cos(np.radians(angle)))
        slope = -0.5 * self.height_ev * np.sin(np.radians(angle))
        forces = np.zeros_like(positions)
        forces[list(HINGE)] -= slope * dihedral_gradient(positions, atoms=HINGE)
        for i, j, length in ((0, 1, 1.45), (0, 2, 0.97), (1, 3, 0.97), (0, 3, 1.9), (1, 2, 1.9)):
            arm = positions[i] - positions[j]
            distance = np.linalg.norm(arm)
            energy += 15.0 * (distance - length) ** 2
            pull = -30.0 * (distance - length) * arm / distance
            forces[i] += pull
            forces[j] -= pull
        energy += self.tilt * positions[0, 2]
        self.results = {"energy": energy, "forces": forces}


def hinge(**options) -> AsePotential:
    return AsePotential(Hinge, options, spec="ase:test:Hinge")


@pytest.fixture
def peroxide():
    atoms = build("H2O2")
    return MolecularSystem("peroxide", atoms.numbers, atoms.positions)


@pytest.fixture
def ask(subject, peroxide):
    def call(potential, reference, *, molecule=peroxide, step_degrees=30.0):
        asked = subject(potential, molecule=molecule)
        spec = asked.spec.model_copy(update={"torsion_step_degrees": step_degrees})
        return probe_torsion_profile(replace(asked, spec=spec), reference)

    return call


def test_both_profiles_are_the_cosines_they_should_be(ask, peroxide):
    outcome = ask(hinge(height_ev=0.3), hinge(height_ev=0.2))

    arrays = outcome.arrays
    assert outcome.data["bonds"] == ["O0–O1"]
    assert outcome.data["dihedrals"] == [list(HINGE)]
    assert outcome.data["requested"] == 12
    assert arrays["used"].all()
    start = dihedral_degrees(peroxide.positions_angstrom, atoms=HINGE)
    np.testing.assert_allclose(arrays["angles_degrees"][0], start + 30.0 * np.arange(12))
    shape = 0.5 * (1.0 + np.cos(np.radians(arrays["angles_degrees"])))
    np.testing.assert_allclose(arrays["reference_energies_ev"], 0.2 * shape, atol=1e-4)
    np.testing.assert_allclose(arrays["model_energies_ev"], 0.3 * shape, atol=1e-4)
    for name in ("reference", "model"):
        np.testing.assert_allclose(
            arrays[f"{name}_repeat_energies_ev"], arrays[f"{name}_energies_ev"], atol=1e-12
        )
    for angle, positions in zip(
        arrays["angles_degrees"][0], arrays["positions_angstrom"][0], strict=True
    ):
        found = dihedral_degrees(positions, atoms=HINGE)
        assert (found - angle + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-5)


def test_a_step_that_does_not_divide_the_turn_is_made_to(ask):
    outcome = ask(hinge(), hinge(), step_degrees=50.0)
    assert outcome.data["requested"] == 7
    assert np.diff(outcome.arrays["angles_degrees"][0]) == pytest.approx(360.0 / 7)


def test_points_that_the_reference_refuses_are_counted_and_passed_over(ask, peroxide):
    bad = dihedral_degrees(peroxide.positions_angstrom, atoms=HINGE) + 90.0
    outcome = ask(hinge(), hinge(refused=(bad,)))

    assert outcome.data["reference_refused"] == 1
    assert "SCF not converged" in outcome.data["reasons"][0]
    used = np.ones(12, dtype=bool)
    used[3] = False
    np.testing.assert_array_equal(outcome.arrays["used"][0], used)
    for name in ("reference_energies_ev", "model_energies_ev"):
        np.testing.assert_array_equal(np.isfinite(outcome.arrays[name][0]), used)


def test_points_that_the_potential_refuses_are_not_used(ask, peroxide):
    bad = dihedral_degrees(peroxide.positions_angstrom, atoms=HINGE) + 60.0
    outcome = ask(hinge(refused=(bad,)), hinge())

    assert outcome.data["model_refused"] == 1
    assert np.flatnonzero(~outcome.arrays["used"][0]).tolist() == [2]


def test_a_potential_that_depends_on_the_turn_shows_it(ask):
    outcome = ask(hinge(tilt_ev_per_angstrom=0.1), hinge())
    arrays = outcome.arrays
    shifts = arrays["model_repeat_energies_ev"] - arrays["model_energies_ev"]
    assert np.abs(shifts).max() > 0.01


def test_points_that_do_not_relax_are_counted(ask, monkeypatch):
    monkeypatch.setattr(torsion_profile, "RELAXATION_STEPS", 0)
    outcome = ask(hinge(), hinge())
    assert outcome.data["unconverged"] == 12
    assert "not relaxed in 0 steps" in outcome.data["reasons"][0]
    assert not outcome.arrays["used"].any()
    assert np.isnan(outcome.arrays["model_energies_ev"]).all()


def test_a_reference_that_makes_another_molecule_is_not_followed(ask, springs):
    # Springs between all atoms pull the two hydrogens together.
    outcome = ask(hinge(), springs())
    assert outcome.data["bonds_changed"] > 0
    assert outcome.arrays["used"].sum() == 12 - outcome.data["bonds_changed"]
    assert "rearranged the bonds" in outcome.data["reasons"][0]


def test_a_molecule_without_a_rotatable_bond_is_not_asked(subject, springs, water):
    outcome = probe_torsion_profile(subject(springs()), springs())
    assert outcome.skipped == "water has no rotatable bond"
    assert outcome.data == {"applicable": False}
