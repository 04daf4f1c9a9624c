"""Labels are judged where there are enough; references and labelled frames of every kind."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.energy_accuracy import CHECK as ENERGY
from openmm_mlff.checks.accuracy.force_accuracy import CHECK as FORCE
from openmm_mlff.checks.accuracy.geometry_accuracy import CHECK as GEOMETRY
from openmm_mlff.checks.accuracy.labels import counts, usable_labels
from openmm_mlff.checks.accuracy.torsion_profile import CHECK as TORSION
from openmm_mlff.checks.accuracy.vibrations import CHECK as VIBRATIONS
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.frames import Frame, LabelledFrames
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle


def with_nan(values, rows):
    spoilt = values.copy()
    spoilt[:rows] = np.nan
    return spoilt


@pytest.mark.parametrize("name", ["reference_forces", "reference_energies_ev"])
def test_frames_without_a_finite_label_count_as_refused(make_labels, name):
    whole = make_labels()
    frames = usable_labels(make_labels(**{name: with_nan(getattr(whole, name), 2)}))
    assert (frames.refused, counts(frames)["frames_used"]) == (2, 98)
    assert np.isfinite(frames.reference_forces).all()
    assert len(frames.time_ps) == len(frames.positions_angstrom) == 98


@pytest.mark.parametrize("check", [FORCE, ENERGY], ids=lambda check: check.id)
@pytest.mark.parametrize("name", ["model_forces", "model_energies_ev"])
@pytest.mark.parametrize("lost", [(), ("reference_forces",)])
def test_a_potential_without_a_number_fails_even_where_the_label_is_lost(
    make_labels, judge, check, name, lost
):
    whole = make_labels()
    spoilt = {key: with_nan(getattr(whole, key), 1) for key in (name, *lost)}
    assert judge(make_labels(**spoilt), check=check).status is Status.FAIL


@pytest.mark.parametrize(
    ("at", "status", "refused"),
    [({2, 5}, Status.PASS, 2), ({1, 2, 3}, Status.INCONCLUSIVE, 3)],
    ids=["two", "three"],
)
def test_frames_that_the_reference_refuses_are_counted_and_left_out(
    measured, make_subject, refusing, water, at, status, refused
):
    subject = make_subject(
        FieldOracle(water, seed=0),
        water,
        dynamics={"frame_interval_steps": 5},
        probes={"reference_frames": 10},
        reference=refusing(water, at),
    )
    result = measured(subject, check=FORCE)
    labels = subject.reference_labels
    assert (labels.requested, labels.refused, len(labels.refusals)) == (10, refused, refused)
    assert len(labels.time_ps) == len(labels.model_energies_ev) == 10 - refused
    assert all(reason.endswith("SCF not converged") for reason in labels.refusals)
    assert result.status is status


@pytest.mark.parametrize("check", [FORCE, GEOMETRY], ids=lambda check: check.id)
def test_a_bug_in_the_reference_is_an_error_with_its_traceback(
    measured, make_subject, refusing, water, check
):
    reference = refusing(water, raised=RuntimeError("a bug"))
    result = measured(
        make_subject(FieldOracle(water, seed=0), water, reference=reference), check=check
    )
    assert result.status is Status.ERROR
    assert "RuntimeError: a bug" in result.evidence["traceback"]


def labelled(molecule):
    """Return displaced geometries of a molecule, labelled by a field oracle."""
    noise = np.random.default_rng(4).normal(scale=0.05, size=(40, molecule.n_atoms, 3))
    positions = molecule.positions_angstrom + noise
    found = FieldOracle(molecule, seed=0).evaluate(molecule, positions)
    labels = zip(positions, found.energies_ev, found.forces_ev_per_angstrom, strict=True)
    frames = tuple(
        Frame(index, molecule.atomic_numbers, *label) for index, label in enumerate(labels)
    )
    return LabelledFrames("labels.extxyz", "labels", "0" * 64, frames)


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.5, Status.FAIL)])
def test_labelled_frames_are_compared_with_and_cannot_be_relaxed(
    measured, make_subject, scaled, water, factor, status
):
    potential = scaled(FieldOracle(water, seed=0), factor)
    subject = make_subject(potential, water, reference=labelled(water))
    for check in (FORCE, ENERGY):
        result = measured(subject, check=check)
        assert result.status is status
        assert result.evidence["frames_used"] == 40
        assert result.evidence["reference"] == "labels.extxyz"
        if factor == 1.0:
            assert result.value == pytest.approx(0.0, abs=1e-9)
    for check in (GEOMETRY, VIBRATIONS, TORSION):
        assert measured(subject, check=check).status is Status.SKIPPED


def test_without_a_reference_or_a_frame_it_is_skipped(measured, make_subject, water):
    subject = make_subject(FieldOracle(water, seed=0), water)
    result = measured(subject, check=FORCE)
    assert result.status is Status.SKIPPED
    assert "no reference was requested" in result.message
    subject.reference_source = labelled(load_system("methane"))
    assert measured(subject, check=FORCE).status is Status.SKIPPED
