import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.relaxation import HeldDihedral, relax_at_angle
from openmm_mlff.molecules.torsions import (
    dihedral_degrees,
    dihedral_gradient,
    turned,
)
from openmm_mlff.potentials.calculators import FunctionCalculator

from .conftest import torsions_of


def springs(places):
    """Each atom is drawn to its own place."""
    return FunctionCalculator(
        lambda atoms: (np.sum((atoms.positions - places) ** 2), -2.0 * (atoms.positions - places))
    )


def refuse(_):
    raise CalculationFailed("no\nconvergence")


@pytest.fixture
def methanol():
    return load_system("methanol")


@pytest.fixture
def relax(methanol):
    (torsion,) = torsions_of(methanol)
    start = methanol.positions_angstrom
    present = dihedral_degrees(start, atoms=torsion.atoms)

    def _relax(calculator, degrees, steps=300):
        found = relax_at_angle(
            calculator,
            methanol,
            turned(start, torsion=torsion, degrees=degrees - present),
            torsion=torsion,
            degrees=degrees,
            force_ev_per_angstrom=1e-4,
            steps=steps,
        )
        return torsion.atoms, *found

    return _relax


def test_all_but_the_angle_comes_to_rest(methanol, relax):
    atoms, positions, energy_ev, largest_force = relax(springs(methanol.positions_angstrom), -45.0)
    assert dihedral_degrees(positions, atoms=atoms) == pytest.approx(-45.0, abs=1e-4)
    assert largest_force <= 1e-4
    assert energy_ev == pytest.approx(np.sum((positions - methanol.positions_angstrom) ** 2))
    assert energy_ev > 0.01


def test_what_did_not_come_to_rest_says_so(methanol, relax):
    *_, largest_force = relax(springs(methanol.positions_angstrom + 0.1), 150.0, steps=0)
    assert largest_force > 1e-4


def test_a_refusal_is_told_in_one_line(relax):
    with pytest.raises(EvaluationRefusedError, match="no convergence"):
        relax(FunctionCalculator(refuse), 150.0)


def test_a_held_angle_neither_turns_nor_is_turned():
    ethanol = load_system("ethanol")
    atoms = ethanol.to_ase()
    chain = (3, 0, 1, 2)
    held = HeldDihedral(chain, degrees=100.0)
    rng = np.random.default_rng(4)
    positions = atoms.positions + rng.normal(scale=0.05, size=atoms.positions.shape)
    held.adjust_positions(atoms, positions)
    assert dihedral_degrees(positions, atoms=chain) == pytest.approx(100.0, abs=1e-5)
    forces = rng.normal(size=positions.shape)
    before = forces.copy()
    held.adjust_forces(atoms, forces)
    gradient = dihedral_gradient(atoms.positions, atoms=chain)
    assert np.sum(gradient * forces[list(chain)]) == pytest.approx(0.0, abs=1e-12)
    # Neither a net force nor a torque comes in.
    np.testing.assert_allclose(forces.sum(axis=0), before.sum(axis=0), atol=1e-12)
    np.testing.assert_allclose(
        np.cross(atoms.positions, forces - before).sum(axis=0), 0.0, atol=1e-12
    )
    assert held.get_removed_dof(atoms) == 1


def test_atoms_on_a_line_cannot_be_held():
    line = np.array([[0.0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 2]])
    with pytest.raises(EvaluationRefusedError, match="on a line"):
        HeldDihedral((0, 1, 2, 3), degrees=90.0).adjust_positions(None, line)
