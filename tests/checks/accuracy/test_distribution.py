"""Samples of one potential agree; a stretched molecule is found, and noise is told from it."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.distribution import (
    Record,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle

WATER = load_system("water")


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (1.1, Status.FAIL)])
def test_a_stretched_molecule_is_found(measured, make_subject, stretched, water, factor, status):
    reference, probes = FieldOracle(water, seed=0), {"sampling_ps": 0.5}
    subject = make_subject(stretched(water, factor), water, probes=probes, reference=reference)
    mae = subject.settings.protocol.limits_for("distribution")["mae"]
    # Short samples are noisy: of one potential and one seed they are still one trajectory.
    result = measured(subject, limits={"mae": mae.model_copy(update={"value": 0.8})})
    assert result.status is status
    assert len(subject.store.read("distribution").record(Record).model_positions_angstrom) == 50
    if factor == 1.0:
        assert result.value == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("raised", "status"),
    [(None, Status.INCONCLUSIVE), (RuntimeError("a bug"), Status.ERROR)],
    ids=["refuses", "breaks"],
)
def test_a_refusal_is_undecided_and_a_bug_an_error(
    measured, make_subject, refusing, water, raised, status
):
    reference = refusing(water, set(range(100, 1000)), raised)
    probes = {"sampling_ps": 0.02}
    subject = make_subject(FieldOracle(water, seed=0), water, probes=probes, reference=reference)
    result = measured(subject)
    assert result.status is status
    assert ("a bug" if raised else "SCF not converged") in result.message


def moving(seed, *, samples=1600, scale=1.0, width_angstrom=0.1):
    noise = np.random.default_rng(seed).normal(scale=width_angstrom, size=(samples, 3, 3))
    return scale * WATER.positions_angstrom + noise


FINE, OTHER, FEW, NONE = moving(1), moving(2), moving(1, samples=19), np.empty((0, 3, 3))
SPOILT, STILL = moving(2), np.repeat(WATER.positions_angstrom[None], 40, axis=0)
SPOILT[7, 1, 1] = np.nan
# In half of the samples one hydrogen is 1 Å farther off: two of six distances moved.
HALF_MOVED, BOND = STILL.copy(), STILL[0, 1] - STILL[0, 0]
HALF_MOVED[::2, 1] += BOND / np.linalg.norm(BOND)
DRIFTING = np.concatenate([moving(1, samples=400), moving(2, samples=400, scale=1.3)])


@pytest.mark.parametrize(
    ("model", "ideal", "failures", "status", "value"),
    [
        (FINE, OTHER, {}, Status.PASS, None),
        (HALF_MOVED, STILL, {}, Status.FAIL, 2.0 * 2 / 6),
        (5.0 * STILL, STILL, {}, Status.FAIL, 2.0),
        (DRIFTING, DRIFTING, {}, Status.INCONCLUSIVE, 0.0),
        (FEW, FINE, {}, Status.INCONCLUSIVE, None),
        (FINE, FEW, {}, Status.INCONCLUSIVE, None),
        (NONE, FINE, {"model_failure": "a bond broke"}, Status.FAIL, None),
        (FINE, NONE, {"reference_failure": "SCF"}, Status.INCONCLUSIVE, None),
        (SPOILT, FINE, {}, Status.FAIL, None),
        (FINE, SPOILT, {}, Status.INCONCLUSIVE, None),
    ],
)
def test_what_decides(judge, model, ideal, failures, status, value):
    record = Record(
        reference="ase:xtb",
        model_positions_angstrom=model,
        reference_positions_angstrom=ideal,
        **failures,
    )
    judgement = judge(record)
    assert judgement.status is status
    if value is not None:
        assert judgement.value == pytest.approx(value)
    elif status is Status.PASS:
        # Noise alone: two runs differ by what the halves of one differ by, over √2.
        assert judgement.value == pytest.approx(judgement.evidence["detection_limit"], rel=0.35)
