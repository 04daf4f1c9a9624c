"""Samples of one potential agree; a stretched molecule is found, and noise is told from it."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.distribution import (
    CHECK,
    Record,
    distance_density,
    pair_distances,
)
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.field import FieldOracle


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.1, Status.FAIL)])
def test_a_stretched_molecule_is_found(measured, make_subject, stretched, water, factor, status):
    subject = make_subject(
        stretched(water, factor),
        water,
        probes={"sampling_ps": 0.5},
        reference=FieldOracle(water, seed=0),
    )
    limits = {"mae": subject.settings.protocol.limits_for("distribution")["mae"]}
    # Short samples are noisy: of one potential and one seed they are still one trajectory.
    limits["mae"] = limits["mae"].model_copy(update={"value": 0.8})
    result = measured(CHECK, subject, limits=limits)
    record = subject.store.read("distribution").record(Record)
    assert len(record.model_positions_angstrom) == len(record.reference_positions_angstrom) == 50
    assert result.status is status
    if factor == 1.0:
        assert result.value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("raised", "status"),
    [(None, Status.INCONCLUSIVE), (RuntimeError("a bug"), Status.ERROR)],
    ids=["refuses", "breaks"],
)
def test_a_refusal_on_the_way_is_undecided_and_a_bug_is_an_error(
    measured, make_subject, refusing, water, raised, status
):
    subject = make_subject(
        FieldOracle(water, seed=0),
        water,
        probes={"sampling_ps": 0.02},
        reference=refusing(water, set(range(100, 1000)), raised),
    )
    result = measured(CHECK, subject)
    assert result.status is status
    assert ("a bug" if raised else "SCF not converged") in result.message


def test_one_atom_has_no_distances(measured, make_subject, helium):
    pair = healthy("pair", molecule=helium, seed=0)
    subject = make_subject(pair, helium, probes={"sampling_ps": 0.01}, reference=pair)
    assert measured(CHECK, subject).status is Status.NOT_APPLICABLE


def moving(molecule, *, seed, samples=1600, scale=1.0, width_angstrom=0.1):
    noise = np.random.default_rng(seed).normal(
        scale=width_angstrom, size=(samples, molecule.n_atoms, 3)
    )
    return scale * molecule.positions_angstrom + noise


@pytest.fixture
def judge(limits):
    def call(model, ideal, **failures):
        record = Record(
            reference="ase:xtb",
            model_positions_angstrom=model,
            reference_positions_angstrom=ideal,
            **failures,
        )
        return CHECK.judge(record, limits("distribution"))

    return call


def test_two_runs_of_one_potential_pass(judge, water):
    judgement = judge(moving(water, seed=1), moving(water, seed=2))
    assert judgement.status is Status.PASS
    # Noise alone: two runs differ by what the halves of one differ by, over √2.
    assert judgement.value == pytest.approx(judgement.evidence["detection_limit"], rel=0.35)


def test_bonds_elsewhere_differ_by_twice_the_share_of_the_distances(judge, water):
    ideal = np.repeat(water.positions_angstrom[None], 40, axis=0)
    model = ideal.copy()
    bond = model[0, 1] - model[0, 0]
    # In half of the samples one hydrogen is 1 Å farther off: two of six distances moved.
    model[::2, 1] += bond / np.linalg.norm(bond)
    judgement = judge(model, ideal)
    assert judgement.value == pytest.approx(2.0 * 2 / 6)
    assert judgement.evidence["detection_limit"] == pytest.approx(0.0)
    assert judgement.status is Status.FAIL


def test_without_a_common_distance_they_differ_by_two(judge, water):
    far = moving(water, seed=1, scale=5.0, width_angstrom=0.01)
    judgement = judge(far, moving(water, seed=2, width_angstrom=0.01))
    assert judgement.value == pytest.approx(2.0)
    assert judgement.status is Status.FAIL


def test_halves_that_differ_are_too_noisy_to_judge_by(judge, water):
    model = np.concatenate(
        [moving(water, seed=1, samples=400), moving(water, seed=2, samples=400, scale=1.3)]
    )
    judgement = judge(model, model.copy())
    assert judgement.status is Status.INCONCLUSIVE
    assert judgement.value == pytest.approx(0.0)


def test_failures_and_few_samples(judge, water):
    fine, few, none = moving(water, seed=1), moving(water, seed=1, samples=19), np.empty((0, 3, 3))
    spoilt = moving(water, seed=2)
    spoilt[7, 1, 1] = np.nan
    for model, ideal, failures, status in (
        (few, fine, {}, Status.INCONCLUSIVE),
        (fine, few, {}, Status.INCONCLUSIVE),
        (none, fine, {"model_failure": "the bond O1–H2 broke"}, Status.FAIL),
        (fine, none, {"reference_failure": "SCF not converged."}, Status.INCONCLUSIVE),
        (spoilt, fine, {}, Status.FAIL),
        (fine, spoilt, {}, Status.INCONCLUSIVE),
    ):
        judgement = judge(model, ideal, **failures)
        assert judgement.status is status
        assert all(reason in judgement.clause for reason in failures.values())


def test_the_distances_of_a_triangle():
    triangle = np.array([[[0.0, 0, 0], [3, 0, 0], [0, 4, 0]]])
    np.testing.assert_allclose(pair_distances(triangle), [[3.0, 4.0, 5.0]])


def test_a_density_has_integral_one_and_lies_at_the_distances():
    density = distance_density(np.array([0.07, 0.08, 0.11, 0.49]), bins=10)
    assert density.sum() * 0.05 == pytest.approx(1.0)
    np.testing.assert_allclose(density[[1, 2, 9]], [10.0, 5.0, 5.0])
