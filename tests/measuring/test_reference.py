"""The reference is evaluated at frames of the trajectory and of files, and relaxed on its own."""

import numpy as np
import pytest

from openmm_mlff.measuring.reference import Reference
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.storage.measurements import NotApplicable


@pytest.fixture
def make_subject(new_subject):
    dynamics = {
        "equilibration_ps": 0.02,
        "duration_ps": 0.05,
        "longest_ps": 0.05,
        "frame_interval_steps": 5,
    }
    probes = {"reference_frames": 6, "sampling_ps": 0.1, "ensemble_ps": 0.02, "ensemble_runs": 2}

    def make(molecule, potential, reference):
        return new_subject(
            potential, molecule, dynamics=dynamics, probes=probes, reference=reference
        )

    return make


def test_both_are_evaluated_at_the_same_frames_of_the_trajectory(make_subject):
    water = load_system("water")
    own, other = FieldOracle(water, seed=1), FieldOracle(water, seed=2)
    subject = make_subject(water, own, other)
    labels = subject.reference_labels
    # Two of each of three simulations, the last frame among them.
    frames = subject.runs.runs[0].trajectory.positions_angstrom
    short = subject.ensemble.positions_angstrom
    assert labels.requested == 6
    for index, expected in ((1, frames[-1]), (3, short[0, -1]), (5, short[1, -1])):
        np.testing.assert_array_equal(labels.positions_angstrom[index], expected)
    for potential, energies_ev, forces in (
        (own, labels.model_energies_ev, labels.model_forces),
        (other, labels.reference_energies_ev, labels.reference_forces),
    ):
        found = potential.evaluate(water, labels.positions_angstrom)
        np.testing.assert_allclose(energies_ev, found.energies_ev)
        np.testing.assert_allclose(forces, found.forces_ev_per_angstrom)


def test_the_reference_relaxes_to_its_own_minimum(make_subject):
    water = load_system("water")
    longer = water.with_positions(1.05 * water.positions_angstrom)
    subject = make_subject(water, FieldOracle(water, seed=0), FieldOracle(longer, seed=0))
    found = subject.reference_minimum
    assert found.converged
    assert found.model_converged

    def bonds(positions):
        return [np.linalg.norm(positions[i] - positions[j]) for i, j in water.bonds]

    np.testing.assert_array_equal(
        found.model_positions_angstrom, subject.molecule.positions_angstrom
    )
    np.testing.assert_allclose(
        bonds(found.positions_angstrom), 1.05 * np.array(bonds(water.positions_angstrom)), atol=2e-3
    )


def test_a_box_has_no_single_minimum(make_subject):
    box = load_system("argon_108")
    subject = make_subject(box, PairOracle(seed=0), PairOracle(seed=0))
    subject._measured["molecule"] = box
    assert isinstance(subject.reference_minimum, NotApplicable)


def test_without_a_reference_none_can_be_evaluated(make_subject):
    water = load_system("water")
    subject = make_subject(water, FieldOracle(water, seed=0), None)
    subject._measured["molecule"] = water
    with pytest.raises(TypeError, match="no reference to evaluate"):
        _ = subject.reference


def test_each_geometry_is_relaxed_at_its_own_angle():
    molecule = load_system("ethanol")
    torsions = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )
    reference = Reference(FieldOracle(molecule, seed=0), molecule)
    degrees = np.array([100.0, -40.0])
    starts = np.repeat(molecule.positions_angstrom[None], 2, axis=0)
    found = reference.relax_torsions(
        starts, torsions=torsions, degrees=degrees, force_ev_per_angstrom=1e-3, max_steps=300
    )
    assert found.converged.all()
    for torsion, angle, placed in zip(torsions, degrees, found.positions_angstrom, strict=True):
        off = dihedral_degrees(placed, atoms=torsion.atoms) - angle
        assert (off + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=1e-6)
