import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform

from openmm_mlff.molecules import load_system
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.training.sampling import (
    SamplingPlan,
    altered_frames,
    crowded_positions,
    dimer_frames,
    pair_scan_frames,
    stretched_positions,
    thermal_frames,
)

pytest.importorskip("tblite")


class Still(np.random.Generator):
    """A generator without noise: only intended displacements remain."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))

    def normal(self, loc=0.0, scale=1.0, size=None):
        return np.zeros(size)


@pytest.mark.parametrize("name", ["water", "ethanol", "alanine_dipeptide", "benzene"])
@pytest.mark.parametrize("seed", range(5))
def test_one_bond_is_stretched_with_everything_attached_to_it(name, seed):
    molecule = load_system(name)
    before, after = (
        squareform(pdist(x))
        for x in (molecule.positions_angstrom, stretched_positions(molecule, Still(seed)))
    )
    ratios = [after[bond] / before[bond] for bond in molecule.bonds]
    changed = [ratio for ratio in ratios if abs(ratio - 1.0) > 1e-9]
    # In a ring one atom is pulled out, and all of its bonds change.
    assert len(changed) == 1 or name == "benzene"
    if len(changed) == 1:
        assert 0.75 <= changed[0] <= 1.6


@pytest.mark.parametrize("name", ["water", "alanine"])
@pytest.mark.parametrize("seed", range(3))
def test_two_nonbonded_atoms_are_pushed_together(name, seed):
    molecule = load_system(name)
    before, after = molecule.positions_angstrom, crowded_positions(molecule, Still(seed))
    pair = np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-12)
    assert len(pair) == 2
    assert tuple(pair.tolist()) not in molecule.bonds
    covalent_sum = sum(COVALENT_RADII_ANGSTROM[z] for z in molecule.atomic_numbers[pair])
    assert 0.8 - 1e-9 <= pdist(after[pair])[0] / covalent_sum <= 1.5 + 1e-9
    np.testing.assert_allclose(after[pair].mean(axis=0), before[pair].mean(axis=0), atol=1e-12)


def test_thermal_frames_are_at_about_the_requested_temperature():
    frames = list(thermal_frames(load_system("water"), 300.0, 6, steps_between=5, seed=1))
    assert [frame.origin for frame in frames] == ["water/thermal_300K"] * 6
    lengths = [
        np.linalg.norm(np.diff(frame.positions_angstrom[[0, atom]], axis=0))
        for frame in frames
        for atom in (1, 2)
    ]
    assert 0.8 < min(lengths) < max(lengths) < 1.2
    assert np.std(lengths) > 0.003


def test_altered_frames_are_labelled_and_large_molecules_have_a_third():
    frames = list(altered_frames(load_system("water"), "stretched", stretched_positions, 4, seed=2))
    assert {frame.origin for frame in frames} == {"water/stretched"}
    assert len({frame.energy_ev for frame in frames}) == len(frames)
    plan = SamplingPlan()
    assert plan.share(100, load_system("alanine")) == 100
    assert plan.share(100, load_system("valine")) == 33


def test_dimers_are_between_contact_and_the_cutoff():
    frames = list(dimer_frames(load_system("water"), load_system("methane"), 6, seed=3))
    assert frames
    for frame in frames:
        assert frame.origin == "water+methane/dimer"
        np.testing.assert_array_equal(frame.atomic_numbers, [8, 1, 1, 6, 1, 1, 1, 1])
        nearest = cdist(frame.positions_angstrom[:3], frame.positions_angstrom[3:]).min()
        assert 1.1 < nearest <= 6.0


def test_pairs_are_scanned_from_contact_to_beyond_the_bond():
    frames = list(pair_scan_frames(1, 8, 5))
    covalent_sum = COVALENT_RADII_ANGSTROM[1] + COVALENT_RADII_ANGSTROM[8]
    lengths = [np.linalg.norm(np.diff(frame.positions_angstrom, axis=0)) for frame in frames]
    assert {frame.origin for frame in frames} == {"HO/scan"}
    assert len(frames) >= 3
    assert (np.diff(lengths) > 0).all()
    assert lengths[-1] <= 1.6 * covalent_sum + 1e-9
    # Contact is repulsive: the atoms are pushed apart.
    assert frames[0].forces_ev_per_angstrom[0, 0] < 0 < frames[0].forces_ev_per_angstrom[1, 0]
