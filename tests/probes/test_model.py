import numpy as np
import pytest

from openmm_mlff.probes import PROBES
from openmm_mlff.probes.model import ProbeOutcome, distorted_positions, not_applicable


def test_distortions_are_normal_and_seeded(water):
    many = distorted_positions(water, 2000, scale_angstrom=0.05, seed=1)

    noise = many - water.positions_angstrom
    assert many.shape == (2000, 3, 3)
    assert noise.std() == pytest.approx(0.05, rel=0.03)
    assert abs(noise.mean()) < 0.002
    again = distorted_positions(water, 2000, scale_angstrom=0.05, seed=1)
    np.testing.assert_array_equal(many, again)
    assert not np.array_equal(many, distorted_positions(water, 2000, scale_angstrom=0.05, seed=2))


def test_precision_decides_the_type_of_the_weights(subject, student):
    assert subject(student, precision="double").dtype == "float64"
    assert subject(student, precision="mixed").dtype == "float32"
    assert subject(student, precision="single").dtype == "float32"


def test_not_applicable_says_why():
    outcome = not_applicable("there is nothing to compare")

    assert outcome == ProbeOutcome(
        data={"applicable": False}, skipped="there is nothing to compare"
    )


def test_probes_are_named_once():
    names = [name for name, _ in PROBES]

    assert len(set(names)) == len(names) == 7
