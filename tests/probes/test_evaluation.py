import numpy as np
import pytest

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.potentials import Evaluation
from openmm_mlff.probes.evaluation import evaluate_each


@pytest.fixture
def answering(springs):
    """A potential that answers as it is told to."""

    def make(answer):
        potential = springs()
        potential.evaluate = answer
        return potential

    return make


def test_all_geometries_go_into_one_call(answering, subject, water):
    calls = []

    def answer(_molecule, positions, *, precision):
        calls.append((len(positions), precision))
        return Evaluation(np.zeros(len(positions)), np.zeros(positions.shape))

    points = evaluate_each(subject(answering(answer)), water, np.zeros((7, 3, 3)))
    assert calls == [(7, "double")]
    assert not points.refused.any()
    assert points.refusals() == {"requested": 7, "refused": 0, "refusals": []}


def test_one_refusal_costs_one_geometry(answering, subject, water):
    def answer(_molecule, positions, *, precision):
        if (positions > 5.0).any():
            raise EvaluationRefusedError("too far")
        return Evaluation(np.ones(len(positions)), np.zeros(positions.shape))

    positions = np.zeros((3, 3, 3))
    positions[1] = 9.0
    points = evaluate_each(subject(answering(answer)), water, positions)
    assert points.refused.tolist() == [False, True, False]
    np.testing.assert_array_equal(points.energies_ev, [1.0, np.nan, 1.0])
    assert points.reasons == ("geometry 1: too far",)


@pytest.mark.parametrize(
    ("energies", "forces"), [((2, 1), (2, 3, 3)), ((2,), (2, 3)), ((3,), (2, 3, 3))]
)
def test_arrays_of_another_shape_are_refused_with_both_shapes(
    answering, subject, water, energies, forces
):
    def answer(_molecule, _positions, *, precision):
        return Evaluation(np.zeros(energies), np.zeros(forces))

    with pytest.raises(PotentialError, match="gave energies of shape"):
        evaluate_each(subject(answering(answer)), water, np.zeros((2, 3, 3)))
