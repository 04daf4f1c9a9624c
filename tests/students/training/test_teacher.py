import sys

import numpy as np
import pytest
from ase import Atoms

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.calculators import FunctionCalculator
from openmm_mlff.students.training.teacher import (
    FREE_ATOM_MULTIPLICITY,
    LARGEST_FORCE_EV_PER_ANGSTROM,
    free_atom_energies,
    label,
    teacher_calculator,
)

from ..conftest import slope

USABLE = LARGEST_FORCE_EV_PER_ANGSTROM / np.sqrt(3)


@pytest.mark.parametrize(
    ("force", "kept"),
    [(0.5, True), (0.999 * USABLE, True), (1.001 * USABLE, False), (np.nan, False), (None, False)],
    ids=["label", "large", "too large", "not a number", "refused"],
)
def test_labels_are_those_of_the_calculator_if_usable(force, kept):
    def compute(atoms):
        if force is None:
            raise RuntimeError("SCF not converged")
        return -3.0, np.full((len(atoms), 3), force)

    atoms = load_system("water").to_ase()
    atoms.calc = FunctionCalculator(compute)
    frames = label("water/test", atoms)
    atoms.positions += 1.0
    assert len(frames) == kept
    for frame in frames:
        assert (frame.origin, frame.energy_ev) == ("water/test", -3.0)
        assert frame.atomic_numbers.dtype == np.int64
        water = load_system("water")
        np.testing.assert_array_equal(frame.positions_angstrom, water.positions_angstrom)
        np.testing.assert_array_equal(frame.forces_ev_per_angstrom, force)


def test_missing_tblite_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "tblite.ase", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'openmm_mlff\[training\]'"):
        teacher_calculator()


def test_labels_are_the_gradient_of_their_energy():
    pytest.importorskip("tblite")
    atoms = load_system("water").to_ase()
    atoms.positions[1] += [0.05, 0.0, 0.03]
    atoms.calc = teacher_calculator()
    (frame,) = label("water/test", atoms)

    def energy(shift):
        moved = atoms.copy()
        moved.positions[1, 0] += shift
        moved.calc = teacher_calculator()
        return moved.get_potential_energy()

    rise = slope(energy, 1.0, step=1e-3)
    assert frame.forces_ev_per_angstrom[1, 0] == pytest.approx(-rise, abs=1e-3)


def test_free_atoms_have_their_own_multiplicity():
    pytest.importorskip("tblite")
    found = free_atom_energies((1, 8))
    for number, energy in found.items():
        atom = Atoms(numbers=[number], positions=[[0.0, 0.0, 0.0]])
        atom.calc = teacher_calculator(multiplicity=FREE_ATOM_MULTIPLICITY[number])
        assert energy == atom.get_potential_energy()
