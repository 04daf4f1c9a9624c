"""Scans start at contact, bring all pairs of elements close, and move what they should."""

import numpy as np
import pytest

from openmm_mlff.checks.surface.scans import (
    CONTACT_ANGSTROM,
    MOST_DIRECTIONS,
    REACH_ANGSTROM,
    box_scans,
    breathing_scan,
    dimer_scans,
    element_pairs,
)
from openmm_mlff.molecules import load_system


@pytest.mark.parametrize("name", ["water", "alanine", "smiles:[Ar]"])
def test_copies_start_at_contact_and_only_move_apart(name):
    molecule = load_system(name)
    for scan in dimer_scans(molecule, at_least=2, seed=5, stop_angstrom=15.0, step=0.1):
        placed = scan.place(scan.coordinates)
        apart = np.linalg.norm(
            placed[:, scan.crossing[:, 0]] - placed[:, scan.crossing[:, 1]], axis=2
        ).min(axis=1)
        assert apart[0] == pytest.approx(CONTACT_ANGSTROM, abs=1e-6)
        assert (apart >= CONTACT_ANGSTROM - 1e-6).all()
        assert apart[-1] > 12.0
        # Each copy stays as it is.
        half = placed[:, : molecule.n_atoms]
        assert np.abs(half - half[0]).max() == 0.0


@pytest.mark.parametrize("name", ["water", "alanine_dipeptide", "smiles:CC(=O)Oc1ccccc1S(N)(=O)=O"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_pair_of_elements_comes_close_in_some_direction(name, seed):
    molecule = load_system(name)
    scans = dimer_scans(molecule, at_least=1, seed=seed, stop_angstrom=15.0, step=0.1)
    assert len(scans) <= MOST_DIRECTIONS
    closest = {}
    for scan in scans:
        numbers = np.sort(scan.molecule.atomic_numbers[scan.crossing], axis=1)
        found = zip(map(tuple, numbers.tolist()), scan.distances(scan.coordinates[0]), strict=True)
        for pair, apart in found:
            closest[pair] = min(apart, closest.get(pair, np.inf))
    assert set(closest) == set(element_pairs(molecule))
    # Sulphur is buried among three oxygens and nitrogens.
    outer = [apart for pair, apart in closest.items() if 16 not in pair]
    assert max(outer) <= REACH_ANGSTROM + 1.5
    assert max(closest.values()) <= 6.0


def test_a_breathing_molecule_scales_all_its_distances():
    water = load_system("water")
    scan = breathing_scan(water, step=0.01)
    placed = scan.place(np.array([0.7, 1.0, 3.0]))
    lengths = np.linalg.norm(placed[:, 0] - placed[:, 1], axis=1)
    assert lengths / lengths[1] == pytest.approx([0.7, 1.0, 3.0])
    moved = np.abs(np.diff(scan.place(scan.coordinates), axis=0))
    assert np.linalg.norm(moved, axis=2).max() == pytest.approx(0.01)
    # That of a long chain has no more points.
    assert len(breathing_scan(load_system("smiles:" + 20 * "C"), step=0.05).coordinates) < 400


def test_one_molecule_of_a_box_is_moved_and_one_atom_of_a_crystal(copper):
    box = load_system("water_box_64")
    for molecule, atoms, kind in ((box, 3, "molecule moved"), (copper, 1, "atom moved")):
        scans = list(box_scans(molecule, at_least=2, seed=1, step=0.05))
        assert [scan.kind for scan in scans] == [kind, kind]
        for scan in scans:
            assert scan.tangent.any(axis=1).sum() == atoms
            assert len(scan.crossing) == atoms * (molecule.n_atoms - atoms)
            assert scan.distances(0.0).max() < np.linalg.norm(molecule.cell_angstrom, axis=1).sum()
