import numpy as np
import pytest

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions
from openmm_mlff.students.training import rotation
from openmm_mlff.students.training.rotation import conformer_frames, torsion_frames

from ..conftest import assert_same

pytest.importorskip("tblite")


def torsions_of(molecule):
    return rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )


@pytest.fixture(scope="module")
def methanol():
    return load_system("methanol")


@pytest.fixture(scope="module")
def frames(methanol):
    return list(torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3))


def test_each_angle_has_a_relaxed_frame_and_two_displaced_ones_in_both_directions(methanol, frames):
    assert len(frames) == 3 * 2 * 6
    assert {frame.origin for frame in frames} == {"methanol/torsion"}
    ((torsion),) = torsions_of(methanol)
    start = dihedral_degrees(methanol.positions_angstrom, atoms=torsion.atoms)
    numbers = [
        (dihedral_degrees(frame.positions_angstrom, atoms=torsion.atoms) - start) % 360.0 / 60.0
        for frame in frames[::3]
    ]
    np.testing.assert_allclose(numbers, np.round(numbers), atol=1e-3)
    visited = (np.round(numbers).astype(int) % 6).tolist()
    # All angles twice, in random order.
    assert sorted(visited) == sorted([*range(6)] * 2)
    assert visited not in ([*range(6)] * 2, [*range(6)][::-1] * 2)
    # Only the torsion is left with a force in a relaxed frame.
    relaxed = [frame.largest_force_ev_per_angstrom for frame in frames[::3]]
    displaced = [frame.largest_force_ev_per_angstrom for frame in frames[1::3]]
    assert max(relaxed) < min(displaced)


def test_the_same_seed_gives_the_same_frames(methanol, frames):
    again = torsion_frames(methanol, step_degrees=60.0, copies=1, seed=3)
    assert_same(frames, again)


@pytest.mark.parametrize("fault", ["refused", "not relaxed", "rearranged", "no torsion"])
def test_unusable_angles_are_omitted(methanol, monkeypatch, fault):
    def refuse(*_, **__):
        raise EvaluationRefusedError("no convergence")

    if fault == "refused":
        monkeypatch.setattr(rotation, "relax_at_angle", refuse)
    elif fault == "not relaxed":
        monkeypatch.setattr(rotation, "RELAXATION_STEPS", 0)
        monkeypatch.setattr(rotation, "RELAXED_FORCE_EV_PER_ANGSTROM", 1e-9)
    elif fault == "rearranged":
        monkeypatch.setattr(MolecularSystem, "keeps_bonds", lambda *_: False)
    molecule = load_system("water") if fault == "no torsion" else methanol
    assert not list(torsion_frames(molecule, step_degrees=120.0, copies=1, seed=3))


def test_other_conformers_are_found_and_rotated_once(methanol):
    ethanol = load_system("ethanol")
    torsions = torsions_of(ethanol)
    hydroxyl = next(torsion for torsion in torsions if 8 in ethanol.atomic_numbers[[*torsion.bond]])
    start = dihedral_degrees(ethanol.positions_angstrom, atoms=hydroxyl.atoms)
    options = {"conformers": 1, "step_degrees": 120.0, "copies": 1, "seed": 2}
    frames = list(conformer_frames(ethanol, **options))
    assert {frame.origin for frame in frames} == {"ethanol/conformer"}
    assert len(frames) == 2 * 3 * len(torsions)
    relaxed = [dihedral_degrees(f.positions_angstrom, atoms=hydroxyl.atoms) for f in frames[::2]]
    assert max(abs((angle - start + 180.0) % 360.0 - 180.0) for angle in relaxed) > 30.0
    # Methanol has one conformer.
    assert not list(conformer_frames(methanol, **options))
