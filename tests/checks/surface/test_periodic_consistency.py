"""A sound potential knows a box in every description; one that forgets its images does not."""

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from openmm_mlff.checks.surface.periodic_consistency import CHECK, Record, measure
from openmm_mlff.molecules import MolecularSystem, load_system, two_copies
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy


class WithoutImages(LennardJones):
    """Lennard-Jones that takes every box for empty space."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        isolated = atoms.copy()
        isolated.pbc = False
        super().calculate(isolated, ["energy"], list(system_changes))


class WithoutStress(LennardJones):
    """Lennard-Jones that names a stress and has none."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        super().calculate(atoms, ["energy"], list(system_changes))
        self.results.pop("stress", None)


class SmallBoxesOnly(LennardJones):
    """Lennard-Jones that refuses more than eight atoms."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        if len(atoms) > 8:
            raise CalculationFailed("too many atoms")
        super().calculate(atoms, properties, list(system_changes))


@pytest.fixture
def copper() -> MolecularSystem:
    cubic = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return MolecularSystem("copper", np.full(4, 29), 3.6 * cubic, cell_angstrom=3.6 * np.eye(3))


def test_lennard_jones_passes(measured, make_subject, argon, lennard_jones):
    result = measured(CHECK, make_subject(lennard_jones(), argon))
    assert result.status is Status.PASS
    assert len(result.evidence["energy_change_mev_per_atom_by_move"]) == 9


def test_a_potential_of_crystals_only_passes(measured, make_subject, copper):
    emt = AsePotential(EMT, {}, spec="ase:ase.calculators.emt:EMT")
    assert measured(CHECK, make_subject(emt, copper)).status is Status.PASS


def test_forgotten_images_fail(measured, make_subject, argon, lennard_jones):
    result = measured(CHECK, make_subject(lennard_jones(WithoutImages), argon))
    assert result.status is Status.FAIL
    changes = result.evidence["energy_change_mev_per_atom_by_move"]
    assert abs(changes["atoms moved to other images, 1"]) > 0.1


def test_without_a_box_it_is_not_applicable(measured, make_subject, water):
    potential = healthy("pair", molecule=water, seed=0)
    assert measured(CHECK, make_subject(potential, water)).status is Status.NOT_APPLICABLE


def test_the_virial_is_the_slope_against_the_strain(geometries_of, argon, lennard_jones):
    record = measure(geometries_of(lennard_jones(), argon))
    np.testing.assert_allclose(record.virial_ev, record.virial_differences_ev, atol=1e-4)
    assert np.abs(record.virial_ev).max() > 0.01


@pytest.mark.parametrize(
    ("calculator", "field", "reason"),
    [
        (WithoutStress, "no_virial", "no stress"),
        (SmallBoxesOnly, "no_double", "too many atoms"),
    ],
)
def test_what_is_not_given_is_named(geometries_of, argon, lennard_jones, calculator, field, reason):
    record = measure(geometries_of(lennard_jones(calculator), argon))
    assert reason in getattr(record, field)
    assert not record.refused.any()


def test_built_in_atoms_are_not_doubled(geometries_of, argon, lennard_jones):
    potential = lennard_jones()
    potential.composition_is_free = False
    assert "built in" in measure(geometries_of(potential, argon)).no_double


def test_two_boxes_lie_side_by_side(argon):
    cell = np.array(argon.cell_angstrom)
    double = two_copies(argon, shift_angstrom=cell[0], cell_angstrom=np.diag([2, 1, 1]) @ cell)
    apart = double.positions_angstrom[8:] - double.positions_angstrom[:8]
    np.testing.assert_allclose(apart, np.broadcast_to(cell[0], (8, 3)))
    assert double.is_periodic


@pytest.mark.slow
def test_a_student_passes_in_a_box_of_water(geometries_of):
    from openmm_mlff.potentials import load_potential

    record = measure(geometries_of(load_potential("student:tiny"), load_system("water_box_64")))
    assert np.abs(record.energy_changes_ev).max() < 1e-6
    # Truncation: 128 O-H bonds, each strained by 1e-3, leave some 1e-4 eV each.
    np.testing.assert_allclose(record.virial_ev, record.virial_differences_ev, atol=0.02, rtol=0.0)


@pytest.fixture
def judge(limits, without_noise):
    def call(*, energy_ev=0.0, force=0.0, doubled_ev=0.0, virial_ev=0.0, refused=0, **changes):
        forces = np.zeros((5, 3, 3))
        forces[4, 2, 1] = force
        values = {
            "descriptions": tuple("abcde"),
            "energy_changes_ev": np.array([0.0, 0.0, 0.0, 0.0, energy_ev]),
            "force_changes": forces,
            "refused": np.arange(5) < refused,
            "doubled_energy_ev": doubled_ev,
            "doubled_force_changes": np.zeros((2, 3, 3)),
            "virial_ev": np.full(6, virial_ev),
            "virial_differences_ev": np.zeros(6),
        }
        record = Record(**(values | without_noise | changes))
        return CHECK.judge(record, limits("periodic_consistency"))

    return call


@pytest.mark.parametrize(
    ("case", "status", "value", "unit"),
    [
        (
            {"energy_ev": 2e-4, "force": 9e-4, "doubled_ev": 5e-4, "virial_ev": 2e-3},
            Status.PASS,
            0.9,
            "meV/Å",
        ),
        ({"energy_ev": -3e-3}, Status.FAIL, 1.0, "meV/atom"),
        ({"force": 3e-3}, Status.FAIL, 3.0, "meV/Å"),
        ({"doubled_ev": 6e-3}, Status.FAIL, 1.0, "meV/atom"),
        ({"virial_ev": 6e-3}, Status.FAIL, 2.0, "meV/atom"),
        ({"energy_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"doubled_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"virial_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"refused": 2}, Status.INCONCLUSIVE, None, None),
    ],
)
def test_what_depends_on_the_description_decides(judge, case, status, value, unit):
    judgement = judge(**case)
    assert (judgement.status, judgement.unit) == (status, unit)
    assert judgement.value == (None if value is None else pytest.approx(value, nan_ok=True))


def test_what_was_not_evaluated_stands_in_the_note(judge):
    judgement = judge(
        no_double="the atoms are built in",
        doubled_force_changes=None,
        no_virial="the potential gives no stress",
        virial_ev=None,
        virial_differences_ev=None,
    )
    assert judgement.status is Status.PASS
    assert len(judgement.evidence["measures"]) == 2
    assert "built in" in judgement.clause
    assert "no stress" in judgement.clause
