import numpy as np
import pytest

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions
from openmm_mlff.students.training import rotation
from openmm_mlff.students.training.rotation import conformer_frames, torsion_frames
from openmm_mlff.students.training.sampling import SamplingPlan

pytest.importorskip("tblite")


def the_torsion(molecule):
    (torsion,) = rotatable_torsions(
        molecule.positions_angstrom,
        atomic_numbers=molecule.atomic_numbers,
        bonds=molecule.bonds,
    )
    return torsion


@pytest.fixture(scope="module")
def methanol():
    return load_system("methanol")


@pytest.fixture(scope="module")
def frames(methanol):
    return list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))


def test_each_point_gives_itself_and_two_jostled_copies_on_the_way_there_and_back(frames):
    assert len(frames) == 3 * 2 * 6
    assert {frame.origin for frame in frames} == {"methanol/torsion"}


def test_the_relaxed_points_go_all_the_way_round_in_random_order(methanol, frames):
    atoms = the_torsion(methanol).atoms
    start = dihedral_degrees(methanol.positions_angstrom, atoms=atoms)
    numbers = [
        (dihedral_degrees(frame.positions_angstrom, atoms=atoms) - start) % 360.0 / 60.0
        for frame in frames[::3]
    ]

    np.testing.assert_allclose(numbers, np.round(numbers), atol=1e-3)
    visited = np.round(numbers).astype(int) % 6
    assert sorted(visited) == sorted([*range(6)] * 2)
    assert visited.tolist() != [*range(6), *range(6)][::-1] != visited.tolist()[::-1]


def test_what_is_left_of_the_force_at_a_relaxed_point_turns_the_bond_alone(frames):
    relaxed = [frame.largest_force_ev_per_angstrom for frame in frames[::3]]
    jostled = [frame.largest_force_ev_per_angstrom for frame in frames[1::3]]

    assert max(relaxed) < min(jostled)


def test_the_same_seed_gives_the_same_frames(methanol, frames):
    again = list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))

    for one, two in zip(frames, again, strict=True):
        np.testing.assert_array_equal(one.positions_angstrom, two.positions_angstrom)
        assert one.energy_ev == two.energy_ev


def test_a_molecule_without_a_rotatable_bond_gives_none():
    assert not list(torsion_frames(load_system("water"), step_degrees=60.0, copies=1, seed=3))


def test_points_that_the_teacher_refuses_are_left_out(methanol, monkeypatch):
    def refuse(*_, **__):
        raise EvaluationRefusedError("no convergence")

    monkeypatch.setattr(rotation, "relax_at_angle", refuse)

    assert not list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))


def test_points_that_do_not_come_to_rest_are_left_out(methanol, monkeypatch):
    monkeypatch.setattr(rotation, "RELAXATION_STEPS", 0)
    monkeypatch.setattr(rotation, "RELAXED_FORCE_EV_PER_ANGSTROM", 1e-9)

    assert not list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))


def test_points_that_have_rearranged_their_bonds_are_left_out(methanol, monkeypatch):
    monkeypatch.setattr(rotation, "covalent_bonds", lambda *_: ())

    assert not list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))


def test_the_largest_molecules_are_turned_in_wider_steps():
    plan = SamplingPlan()

    assert plan.torsion_step(load_system("valine")) == 15.0
    assert plan.torsion_step(load_system("alanine_dipeptide")) == 30.0


def test_other_conformers_are_found_and_turned_once_round():
    ethanol = load_system("ethanol")
    torsions = rotatable_torsions(
        ethanol.positions_angstrom, atomic_numbers=ethanol.atomic_numbers, bonds=ethanol.bonds
    )
    hydroxyl = next(torsion for torsion in torsions if 8 in ethanol.atomic_numbers[[*torsion.bond]])
    start = dihedral_degrees(ethanol.positions_angstrom, atoms=hydroxyl.atoms)

    frames = list(conformer_frames(ethanol, conformers=1, step_degrees=120.0, copies=1, seed=2))

    assert {frame.origin for frame in frames} == {"ethanol/conformer"}
    assert len(frames) == 2 * 3 * len(torsions)
    relaxed = [dihedral_degrees(f.positions_angstrom, atoms=hydroxyl.atoms) for f in frames[::2]]
    assert max(abs((angle - start + 180.0) % 360.0 - 180.0) for angle in relaxed) > 30.0


def test_a_molecule_of_one_conformer_gives_no_frames_of_others():
    methanol = load_system("methanol")

    assert not list(conformer_frames(methanol, conformers=1, step_degrees=60.0, copies=1, seed=3))
