import numpy as np
import pytest
from ase.build import molecule as build
from ase.calculators.calculator import CalculationFailed
from ase.geometry import get_dihedrals
from hypothesis import given, settings
from hypothesis import strategies as st

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.molecules.torsions import (
    HeldDihedral,
    Torsion,
    dihedral_degrees,
    dihedral_gradient,
    relax_at_angle,
    turned,
)
from openmm_mlff.potentials.calculators import FunctionCalculator

from .conftest import torsions_of

ATOMS = (0, 1, 2, 3)


def named(system):
    return sorted("–".join(sorted(system.symbols[a] for a in t.bond)) for t in torsions_of(system))


def built(name):
    atoms = build(name)
    return MolecularSystem(name, atoms.numbers, atoms.positions)


@pytest.mark.parametrize(
    ("make", "name", "bonds"),
    [
        (load_system, "water", []),
        (load_system, "methane", []),
        (load_system, "ammonia", []),
        (load_system, "benzene", []),
        (load_system, "methanol", ["C–O"]),
        (load_system, "ethanol", ["C–C", "C–O"]),
        # The amide bond turns: it costs some 20 kcal/mol, and stays a bond.
        (load_system, "acetamide", ["C–C", "C–N"]),
        (load_system, "alanine", ["C–C", "C–C", "C–N", "C–O"]),
        (built, "H2O2", ["O–O"]),
        (built, "C2H6", ["C–C"]),
        (built, "C2H4", []),  # a double bond
        (built, "C2H2", []),  # triple, and straight
        (built, "trans-butane", ["C–C", "C–C", "C–C"]),
        (built, "butadiene", ["C–C"]),
        (built, "cyclobutane", []),
        (built, "CH3CN", []),  # straight at the nitrile's carbon
        (built, "CH3CHO", ["C–C"]),
    ],
)
def test_bonds_that_turn(make, name, bonds):
    assert named(make(name)) == bonds


def test_the_heaviest_neighbours_make_the_angle_and_one_side_moves():
    ethanol = load_system("ethanol")
    by_bond = {torsion.bond: torsion for torsion in torsions_of(ethanol)}
    torsion = by_bond[0, 1]
    assert torsion == Torsion(atoms=(3, 0, 1, 2), moved=(1, 2, 6, 7, 8))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_angle_as_ase_has_it_and_gradient_as_differences_have_it(seed):
    positions = np.random.default_rng(seed).normal(size=(4, 3))
    angle = dihedral_degrees(positions, atoms=ATOMS)
    bonds = np.diff(positions, axis=0)
    theirs = float(get_dihedrals(*(bond[None] for bond in bonds))[0])
    assert (angle - theirs + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-8)
    gradient = dihedral_gradient(positions, atoms=ATOMS)
    step = 1e-6
    for index in np.ndindex(4, 3):
        ends = []
        for sign in (1.0, -1.0):
            moved = positions.copy()
            moved[index] += sign * step
            ends.append(dihedral_degrees(moved, atoms=ATOMS))
        change = np.radians((ends[0] - ends[1] + 180.0) % 360.0 - 180.0)
        assert gradient[index] == pytest.approx(change / (2 * step), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("degrees", [15.0, -100.0, 360.0])
def test_turning_adds_to_the_angle_and_keeps_both_sides_rigid(degrees):
    alanine = load_system("alanine")
    before = alanine.positions_angstrom
    for torsion in torsions_of(alanine):
        after = turned(before, torsion=torsion, degrees=degrees)
        grown = dihedral_degrees(after, atoms=torsion.atoms) - dihedral_degrees(
            before, atoms=torsion.atoms
        )
        assert (grown - degrees + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-9)
        for side in (list(torsion.moved), [a for a in range(13) if a not in torsion.moved]):
            distances = [
                np.linalg.norm(p[side][:, None] - p[side], axis=-1) for p in (before, after)
            ]
            np.testing.assert_allclose(*distances, atol=1e-12)
        for i, j in alanine.bonds:
            lengths = [np.linalg.norm(p[i] - p[j]) for p in (before, after)]
            assert lengths[0] == pytest.approx(lengths[1])


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
