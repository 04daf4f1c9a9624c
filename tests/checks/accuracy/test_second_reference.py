"""Two references: how far they differ from each other, and the potential from each."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.second_reference import CHECK, LIMITS, Record, judge
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.storage.measurements import NotApplicable


def record(potential=0.0, first=0.0, second=0.0, *, lost=0, frames=10):
    """Forces and energies off by a constant, which the shift of the energies removes."""
    shape = np.ones((frames, 2, 3))
    forces = np.stack([offset * shape for offset in (potential, first, second)])
    forces[2, :lost] = np.nan
    ramp = np.linspace(-1.0, 1.0, frames)
    energies = np.stack([5.0 + offset * ramp for offset in (potential, first, second)])
    return Record(
        reference="student:a",
        second="student:b",
        frames_of="its own trajectories",
        energies_ev=energies,
        forces=forces,
    )


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (record(second=0.19), Status.PASS),
        (record(second=0.21), Status.FAIL),
        (record(second=0.1, lost=2), Status.PASS),
        (record(second=0.1, lost=3), Status.INCONCLUSIVE),
        (record(second=np.nan), Status.INCONCLUSIVE),
    ],
)
def test_what_decides(found, status):
    assert judge(found, LIMITS).status is status


def test_it_says_where_the_references_differ_most():
    judgement = judge(record(potential=0.1, first=0.0, second=0.15), LIMITS)
    assert judgement.value == pytest.approx(0.15)
    assert "less than they do from each other" in judgement.clause
    differences = list(judgement.evidence["force_rmse_ev_per_angstrom"].values())
    assert differences == pytest.approx([0.1, 0.05, 0.15])
    # The mean of |ramp|, 10 frames from −1 to 1, over two atoms.
    ramp = np.abs(np.linspace(-1.0, 1.0, 10)).mean()
    energies = list(judgement.evidence["energy_mae_mev_per_atom"].values())
    assert energies == pytest.approx([50.0 * ramp, 25.0 * ramp, 75.0 * ramp])
    closer = judge(record(potential=0.1, first=0.0, second=0.05), LIMITS)
    assert "less than" not in closer.clause


def test_it_is_measured_on_the_frames_of_the_first(make_subject, scaled, water):
    potential = FieldOracle(water, seed=0)
    first, second = (scaled(FieldOracle(water, seed=0), factor) for factor in (1.01, 1.03))
    subject = make_subject(potential, water, reference=first)
    assert isinstance(CHECK.measure(subject), NotApplicable)
    potential.second_reference = second
    forces = subject.reference_labels.model_forces
    judgement = judge(CHECK.measure(subject), LIMITS)
    assert judgement.value == pytest.approx(0.02 * np.sqrt(np.mean(forces**2)), rel=1e-6)
