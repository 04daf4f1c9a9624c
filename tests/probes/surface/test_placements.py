import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.probes.surface.placements import (
    CLOSEST_COPY_ANGSTROM,
    atom_scans,
    breathing_scan,
    dimer_scan,
    element_pairs,
    pair_name,
    pair_scan,
)


@pytest.mark.parametrize("system", ["water", "methane", "alanine"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_copies_start_at_contact_and_only_come_apart(system, number):
    molecule = load_system(system)
    scan = dimer_scan(molecule, number=number, seed=5, stop_angstrom=15.0, step_angstrom=0.1)
    placed = scan.place(scan.coordinates)
    apart = np.linalg.norm(
        placed[:, scan.crossing[:, 0]] - placed[:, scan.crossing[:, 1]], axis=2
    ).min(axis=1)
    assert apart[0] == pytest.approx(CLOSEST_COPY_ANGSTROM, abs=1e-6)
    assert (apart >= CLOSEST_COPY_ANGSTROM - 1e-6).all()
    assert apart[-1] > 12.0
    # Each copy stays as it is.
    half = placed[:, : molecule.n_atoms]
    assert np.abs(half - half[0]).max() == 0.0


def test_a_breathing_molecule_scales_all_its_distances():
    water = load_system("water")
    scan = breathing_scan(water, step_angstrom=0.01)
    placed = scan.place(np.array([0.7, 1.0, 3.0]))
    lengths = np.linalg.norm(placed[:, 0] - placed[:, 1], axis=1)
    assert lengths / lengths[1] == pytest.approx([0.7, 1.0, 3.0])
    step = np.abs(np.diff(scan.place(scan.coordinates), axis=0))
    assert np.linalg.norm(step, axis=2).max() == pytest.approx(0.01)


def test_one_atom_of_each_element_is_pulled_out_alone():
    scans = atom_scans(load_system("methane"), stop_angstrom=10.0, step_angstrom=0.5)
    assert [scan.molecule.symbols[int(np.argmax(scan.tangent.any(axis=1)))] for scan in scans] == [
        "H",
        "C",
    ]
    for scan in scans:
        assert scan.tangent.any(axis=1).sum() == 1
        assert np.linalg.norm(scan.tangent) == pytest.approx(1.0)


def test_pairs_of_elements_are_named_heavy_first():
    assert element_pairs(load_system("water")) == [(1, 1), (1, 8), (8, 8)]
    assert pair_name(1, 8) == "O–H"
    scan = pair_scan(1, 8, start=1.0, stop=2.0, step=0.25)
    placed = scan.place(scan.coordinates)
    assert np.linalg.norm(placed[:, 1] - placed[:, 0], axis=1) == pytest.approx(scan.coordinates)
    # Nine electrons are an odd number.
    assert scan.molecule.multiplicity == 2
