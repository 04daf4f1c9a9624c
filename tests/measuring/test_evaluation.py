"""Geometries are evaluated in portions; a refusal costs only the others of its portion."""

import numpy as np
import pytest

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.measuring import evaluation
from openmm_mlff.selftest.oracles.pair import PairOracle


@pytest.mark.parametrize(
    ("refused", "expected_calls"),
    [([], [4, 4, 2]), ([5], [4, 4, 1, 1, 1, 1, 2])],
    ids=["all", "one refused"],
)
def test_portions_are_put_together(monkeypatch, water, refused, expected_calls):
    calls = []

    class Refusing(PairOracle):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            calls.append(len(positions_angstrom))
            if np.abs(positions_angstrom).max() > 50.0:
                raise EvaluationRefusedError("too far")
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    monkeypatch.setattr(evaluation, "_PAIRS_AT_ONCE", 4 * water.n_atoms**2)
    noise = np.random.default_rng(1).normal(scale=0.05, size=(10, 3, 3))
    placed = water.positions_angstrom + noise
    placed[refused, 0] += 100.0
    found = evaluation.evaluate_points(Refusing(seed=0), water, placed, precision="double")
    assert calls == expected_calls
    assert np.flatnonzero(found.refused).tolist() == refused
    assert len(found.reasons) == len(refused)
    kept = ~found.refused
    energies_ev, forces = PairOracle(seed=0).surface(water.atomic_numbers)(placed[kept])
    np.testing.assert_allclose(found.energies_ev[kept], energies_ev)
    np.testing.assert_allclose(found.forces_ev_per_angstrom[kept], forces)
