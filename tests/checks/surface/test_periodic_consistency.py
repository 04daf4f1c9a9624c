"""A sound potential knows a box in every description; one that forgets its images does not."""

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from openmm_mlff.checks.surface.periodic_consistency import CHECK, Record
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status


class WithoutImages(LennardJones):
    """Lennard-Jones that takes every box for empty space."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        isolated = atoms.copy()
        isolated.pbc = False
        super().calculate(isolated, ["energy"], list(system_changes))


class SmallBoxesOnly(LennardJones):
    """Lennard-Jones that refuses more than eight atoms."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        if len(atoms) > 8:
            raise CalculationFailed("too many atoms")
        super().calculate(atoms, properties, list(system_changes))


@pytest.mark.parametrize(
    ("calculator", "status"), [(LennardJones, Status.PASS), (WithoutImages, Status.FAIL)]
)
def test_forgotten_images_fail(measured, subject_at, argon_box, lennard_jones, calculator, status):
    result = measured(subject_at(lennard_jones(calculator), argon_box))
    assert result.status is status
    changes = result.evidence["energy_change_mev_per_atom_by_move"]
    assert len(changes) == 9
    assert (abs(changes["atoms moved to other images, 1"]) > 0.1) is (status is Status.FAIL)


def test_a_potential_of_crystals_only_passes(measured, subject_at):
    cubic = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    copper = MolecularSystem("copper", np.full(4, 29), 3.6 * cubic, cell_angstrom=3.6 * np.eye(3))
    emt = AsePotential(EMT, {}, spec="ase:ase.calculators.emt:EMT")
    assert measured(subject_at(emt, copper)).status is Status.PASS


@pytest.mark.parametrize(
    ("calculator", "composition_is_free", "field", "reason"),
    [
        (SmallBoxesOnly, True, "no_double", "too many atoms"),
        (LennardJones, False, "no_double", "built in"),
    ],
)
def test_what_is_not_given_is_named(
    subject_at, argon_box, lennard_jones, calculator, composition_is_free, field, reason
):
    potential = lennard_jones(calculator)
    potential.composition_is_free = composition_is_free
    record = CHECK.measure(subject_at(potential, argon_box))
    assert reason in getattr(record, field)
    assert not record.refused.any()


@pytest.mark.parametrize(
    ("case", "status", "value", "unit"),
    [
        ({"energy_ev": 2e-4, "force": 9e-4, "doubled_ev": 5e-4}, Status.PASS, 0.9, "meV/Å"),
        ({"energy_ev": -3e-3}, Status.FAIL, 1.0, "meV/atom"),
        ({"force": 3e-3}, Status.FAIL, 3.0, "meV/Å"),
        ({"doubled_ev": 6e-3}, Status.FAIL, 1.0, "meV/atom"),
        ({"energy_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"doubled_ev": np.nan}, Status.FAIL, np.nan, "meV/atom"),
        ({"refused": 2}, Status.INCONCLUSIVE, None, None),
        # What was not evaluated stands in the note.
        ({"doubled_ev": None}, Status.PASS, 0.0, "meV/atom"),
    ],
)
def test_what_depends_on_the_description_decides(decides, without_noise, case, status, value, unit):
    given = {"energy_ev": 0.0, "force": 0.0, "doubled_ev": 0.0, "refused": 0} | case
    forces = np.zeros((5, 3, 3))
    forces[4, 2, 1] = given["force"]
    doubled = {"no_double": "the atoms are built in"}
    if given["doubled_ev"] is not None:
        doubled = {
            "doubled_energy_ev": given["doubled_ev"],
            "doubled_force_changes": np.zeros((2, 3, 3)),
        }
    record = Record(
        descriptions=tuple("abcde"),
        energy_changes_ev=np.array([0.0, 0.0, 0.0, 0.0, given["energy_ev"]]),
        force_changes=forces,
        refused=np.arange(5) < given["refused"],
        **doubled,
        **without_noise,
    )
    judgement = decides(record, status, value)
    assert judgement.unit == unit
    assert doubled.get("no_double", "") in judgement.clause
