"""The reference is evaluated at frames of the trajectory and of files, and relaxed on its own."""

import numpy as np
import pytest

from openmm_mlff.measuring.reference import Reference
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.storage.measurements import NotApplicable


def test_both_are_evaluated_at_the_same_frames_of_the_trajectory(new_subject, water):
    own, other = FieldOracle(water, seed=1), FieldOracle(water, seed=2)
    dynamics = {"equilibration_ps": 0.02, "duration_ps": 0.05, "longest_ps": 0.05}
    dynamics["frame_interval_steps"] = 5
    probes = {"reference_frames": 6, "sampling_ps": 0.1, "ensemble_ps": 0.02, "ensemble_runs": 2}
    subject = new_subject(own, water, dynamics=dynamics, probes=probes, reference=other)
    labels = subject.reference_labels
    # Two of each of three simulations, the last frame among them.
    frames = subject.runs.runs[0].trajectory.positions_angstrom
    short = subject.short_runs.positions_angstrom
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


def test_the_reference_relaxes_to_its_own_minimum(new_subject, water):
    longer = water.with_positions(1.05 * water.positions_angstrom)
    own, other = FieldOracle(water, seed=0), FieldOracle(longer, seed=0)
    subject = new_subject(own, water, reference=other)
    found = subject.reference_minimum
    assert found.converged
    assert found.model_converged
    lengths = [
        np.linalg.norm(placed[1:] - placed[0], axis=1)
        for placed in (found.model_positions_angstrom, found.positions_angstrom)
    ]
    minimum = subject.molecule.positions_angstrom
    np.testing.assert_array_equal(found.model_positions_angstrom, minimum)
    np.testing.assert_allclose(lengths[1], 1.05 * lengths[0], atol=2e-3)


def test_a_box_has_no_single_minimum_and_none_without_a_reference(new_subject, water):
    box, pair = load_system("argon_108"), PairOracle(seed=0)
    subject = new_subject(pair, box, reference=pair, at_minimum=True)
    assert isinstance(subject.reference_minimum, NotApplicable)
    with pytest.raises(TypeError, match="no reference to evaluate"):
        _ = new_subject(pair, water, at_minimum=True).reference


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
