import numpy as np
import pytest

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.base import Evaluation
from openmm_mlff.probes.parity.unit_scale import MOST_BONDS, chosen_bonds, probe_unit_scale

STIFFNESS = 20.0
"""Of the springs between all pairs of atoms, eV/Å²."""


def test_the_stiffness_of_a_spring_is_found(springs, subject, resting_water):
    outcome = probe_unit_scale(subject(springs(), molecule=resting_water))

    assert outcome.arrays["elements"].tolist() == [[8, 1], [8, 1]]
    assert outcome.arrays["lengths_angstrom"] == pytest.approx([1.1, 1.1])
    assert not outcome.arrays["refused"].any()
    # Half a stretch at 60° of each atom's other spring adds a sixteenth of it.
    expected = STIFFNESS * (1.0 + 2.0 / 16.0)
    assert outcome.arrays["stiffness_ev_per_angstrom2"] == pytest.approx([expected] * 2, rel=1e-3)
    assert outcome.data["requested"] == 4


def test_forces_in_another_unit_scale_the_stiffness(springs, subject, resting_water):
    def in_kcal(_calls, energy, forces):
        return energy * 23.06, forces * 23.06

    sound = probe_unit_scale(subject(springs(), molecule=resting_water))
    slipped = probe_unit_scale(subject(springs(in_kcal), molecule=resting_water))
    name = "stiffness_ev_per_angstrom2"
    assert slipped.arrays[name] == pytest.approx(23.06 * sound.arrays[name])


def test_a_bond_across_the_box_is_that_to_the_nearest_image(springs, subject, resting_water):
    box = resting_water.with_cell(np.diag([8.0, 9.0, 10.0]))
    moved = box.positions_angstrom + np.array([[0.0, 0.0, 0.0], [8.0, 0.0, 0.0], [0.0, -9.0, 0.0]])
    outcome = probe_unit_scale(subject(springs(), molecule=box.with_positions(moved)))
    assert outcome.arrays["lengths_angstrom"] == pytest.approx([1.1, 1.1])


def test_a_refused_geometry_is_marked(springs, subject, resting_water):
    potential = springs()

    class Refusing:
        spec = "test"

        def evaluate(self, molecule, positions, *, precision):
            if len(positions) > 1 or positions[0, 1, 0] > 1.105:
                raise EvaluationRefusedError("too long")
            return Evaluation(*vars(potential.evaluate(molecule, positions)).values())

    outcome = probe_unit_scale(subject(Refusing(), molecule=resting_water))
    assert outcome.arrays["refused"].tolist() == [True, False]
    assert np.isnan(outcome.arrays["stiffness_ev_per_angstrom2"]).tolist() == [True, False]
    assert outcome.data["refused"] == 1


def test_bonds_are_spread_over_the_pairs_of_elements():
    molecule = load_system("alanine_dipeptide")
    bonds = chosen_bonds(molecule)
    kinds = {tuple(sorted(pair)) for pair in molecule.atomic_numbers[bonds].tolist()}
    everything = {
        tuple(sorted(pair)) for pair in molecule.atomic_numbers[list(molecule.bonds)].tolist()
    }
    assert len(bonds) == MOST_BONDS < len(molecule.bonds)
    assert len({tuple(bond) for bond in bonds.tolist()}) == MOST_BONDS
    assert kinds == everything


def test_without_bonds_there_is_nothing_to_stretch(springs, subject, one_atom):
    outcome = probe_unit_scale(subject(springs(), molecule=one_atom))
    assert outcome.skipped == "argon has no bonds"
    assert outcome.data == {"applicable": False}
