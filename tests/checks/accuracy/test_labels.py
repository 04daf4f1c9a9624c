"""Labels are judged where there are enough; references and labelled frames of every kind."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.energy_accuracy import CHECK as ENERGY
from openmm_mlff.checks.accuracy.force_accuracy import CHECK as FORCE
from openmm_mlff.checks.accuracy.geometry_accuracy import CHECK as GEOMETRY
from openmm_mlff.checks.accuracy.labels import counts, usable_labels
from openmm_mlff.checks.accuracy.torsion_profile import CHECK as TORSION
from openmm_mlff.checks.accuracy.vibrations import CHECK as VIBRATIONS
from openmm_mlff.checks.base import Judgement
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.stages import NOT_EVALUATED
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle

MANY_FRAMES = {"frame_interval_steps": 5}
"""The simulations of these tests have 200 steps."""


def with_nan(values, rows):
    spoilt = values.copy()
    spoilt[:rows] = np.nan
    return spoilt


@pytest.mark.parametrize("name", ["reference_forces", "reference_energies_ev"])
def test_frames_without_a_finite_label_count_as_refused(make_labels, name):
    whole = make_labels()
    assert counts(usable_labels(whole))["frames_used"] == 100
    frames = usable_labels(make_labels(**{name: with_nan(getattr(whole, name), 2)}))
    assert (frames.refused, counts(frames)["frames_used"]) == (2, 98)
    assert np.isfinite(frames.reference_forces).all()
    assert len(frames.time_ps) == len(frames.positions_angstrom) == 98


@pytest.mark.parametrize(
    ("frames", "requested", "judged"),
    [(80, 100, True), (79, 100, False), (0, 10, False), (0, 0, False)],
)
def test_four_fifths_are_the_fewest(make_labels, frames, requested, judged):
    found = usable_labels(make_labels(frames=frames, requested=requested))
    assert isinstance(found, Judgement) is not judged
    if not judged:
        assert found.status is Status.INCONCLUSIVE


@pytest.mark.parametrize("check", [FORCE, ENERGY], ids=lambda check: check.id)
@pytest.mark.parametrize("name", ["model_forces", "model_energies_ev"])
@pytest.mark.parametrize("lost", [{}, {"reference_forces": 1}])
def test_a_potential_without_a_number_fails_even_where_the_label_is_lost(
    make_labels, limits, check, name, lost
):
    whole = make_labels()
    spoilt = {key: with_nan(getattr(whole, key), 1) for key in (name, *lost)}
    assert check.judge(make_labels(**spoilt), limits(check.id)).status is Status.FAIL


@pytest.mark.parametrize("check", [FORCE, ENERGY], ids=lambda check: check.id)
def test_two_frames_are_too_few(make_labels, limits, check):
    forces = make_labels(frames=2).reference_forces
    noise = 0.05 * np.random.default_rng(2).normal(size=forces.shape)
    record = make_labels(frames=2, model_forces=forces + noise)
    assert check.judge(record, limits(check.id)).status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("at", "status", "refused"),
    [
        ({2, 5}, Status.PASS, 2),
        ({1, 2, 3}, Status.INCONCLUSIVE, 3),
        (None, Status.INCONCLUSIVE, 10),
    ],
    ids=["two", "three", "all"],
)
def test_frames_that_the_reference_refuses_are_counted_and_left_out(
    measured, make_subject, refusing, water, at, status, refused
):
    subject = make_subject(
        FieldOracle(water, seed=0),
        water,
        dynamics=MANY_FRAMES,
        probes={"reference_frames": 10},
        reference=refusing(water, at),
    )
    result = measured(FORCE, subject)
    labels = subject.reference_labels
    assert (labels.requested, labels.refused) == (10, refused)
    assert len(labels.time_ps) == len(labels.model_energies_ev) == 10 - refused
    assert len(labels.refusals) == refused
    assert all(reason.endswith("SCF not converged") for reason in labels.refusals)
    assert result.status is status


@pytest.mark.parametrize("check", [FORCE, GEOMETRY, VIBRATIONS], ids=lambda check: check.id)
def test_a_bug_in_the_reference_is_an_error_with_its_traceback(
    measured, make_subject, broken, water, check
):
    subject = make_subject(FieldOracle(water, seed=0), water, reference=broken(water))
    result = measured(check, subject)
    assert result.status is Status.ERROR
    assert "RuntimeError: a bug" in result.evidence["traceback"]


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.5, Status.FAIL)])
def test_labelled_frames_are_compared_with_and_judged(
    measured, make_subject, make_frames, scaled, water, factor, status
):
    oracle = FieldOracle(water, seed=0)
    frames = make_frames(water, oracle, count=40)
    subject = make_subject(scaled(oracle, factor), water, reference=frames)
    found = [measured(check, subject) for check in (FORCE, ENERGY)]
    assert [result.status for result in found] == [status, status]
    for result in found:
        assert result.evidence["frames_used"] == 40
        assert result.evidence["reference"] == "labels.extxyz"
        if factor == 1.0:
            assert result.value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("check", [GEOMETRY, VIBRATIONS, TORSION], ids=lambda check: check.id)
def test_what_labelled_frames_cannot_answer_is_skipped(
    measured, make_subject, make_frames, water, check
):
    oracle = FieldOracle(water, seed=0)
    subject = make_subject(oracle, water, reference=make_frames(water, oracle))
    result = measured(check, subject)
    assert result.status is Status.SKIPPED
    assert NOT_EVALUATED in result.message


def test_labelled_frames_of_another_molecule_are_skipped(
    measured, make_subject, make_frames, water
):
    methane = load_system("methane")
    frames = make_frames(methane, FieldOracle(methane, seed=0))
    subject = make_subject(FieldOracle(water, seed=0), water, reference=frames)
    assert measured(FORCE, subject).status is Status.SKIPPED


def test_without_a_reference_the_check_is_skipped_with_the_reason(measured, make_subject, water):
    result = measured(FORCE, make_subject(FieldOracle(water, seed=0), water))
    assert result.status is Status.SKIPPED
    assert "no reference was asked for" in result.message
