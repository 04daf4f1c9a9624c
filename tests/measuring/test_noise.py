"""Noise is what smooth curves leave."""

import numpy as np
import pytest

from openmm_mlff.measuring.noise import (
    LONG_LINE_ANGSTROM,
    LONG_LINE_DEGREE,
    LONG_LINE_POINTS,
    SHORT_LINE_ANGSTROM,
    SHORT_LINE_DEGREE,
    SHORT_LINE_POINTS,
    places_on_line,
    residual,
    residual_beside_jump,
)
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.faults.plant import everywhere, result
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.staircase import STAIR_EV, StaircaseOracle


@pytest.mark.parametrize(
    ("points", "length_angstrom", "degree", "noise_ev"),
    [
        (SHORT_LINE_POINTS, SHORT_LINE_ANGSTROM, SHORT_LINE_DEGREE, 0.0),
        (LONG_LINE_POINTS, LONG_LINE_ANGSTROM, LONG_LINE_DEGREE, 0.0),
        (4000, 1e-2, SHORT_LINE_DEGREE, 1e-4),
        (4000, 1e-2, LONG_LINE_DEGREE, 1e-4),
    ],
)
def test_of_a_morse_curve_only_planted_noise_is_left(points, length_angstrom, degree, noise_ev):
    place = 0.5 * length_angstrom * places_on_line(points) + 0.05
    smooth = 4.5 * (1.0 - np.exp(-2.0 * place)) ** 2 - 140.0
    values = smooth + noise_ev * np.random.default_rng(1).normal(size=points)
    assert residual(values[:, None], degree=degree) == pytest.approx(noise_ev, rel=0.1, abs=1e-10)


def test_a_jump_within_the_line_is_no_noise():
    curve = np.sin(places_on_line(LONG_LINE_POINTS))
    noise = np.random.default_rng(0).normal(scale=1e-4, size=LONG_LINE_POINTS)
    jump = 0.25 * (np.arange(LONG_LINE_POINTS) >= 17)
    found = residual_beside_jump(curve + noise + jump, degree=LONG_LINE_DEGREE)
    assert found == pytest.approx(1e-4, rel=0.3)


@pytest.mark.parametrize("noise_ev", [0.0, 1e-4])
def test_the_noise_of_energies_is_measured(new_subject, water, noise_ev):
    rng = np.random.default_rng(5)
    noisy = everywhere(result(lambda e, f, s: (e + s * rng.normal(size=len(e)), f)))
    potential = noisy(FieldOracle(water, seed=0), noise_ev)
    found = new_subject(potential, water, at_minimum=True).noise
    assert (found.refused, found.energy_quantum_ev) == (0, 0.0)
    assert found.force_ev_per_angstrom < 1e-6
    assert found.energy_ev == pytest.approx(noise_ev, rel=0.3, abs=1e-9)


@pytest.mark.parametrize("name", ["water", "methane"])
def test_a_staircase_is_noise_of_the_energy_alone(new_subject, name):
    molecule = load_system(name)
    found = new_subject(StaircaseOracle(molecule, seed=0), molecule, at_minimum=True).noise
    assert found.energy_quantum_ev == pytest.approx(STAIR_EV)
    # A rounded number is off by 1/√12 of a stair.
    assert found.energy_ev == pytest.approx(STAIR_EV / np.sqrt(12.0), rel=0.3)
    assert np.ptp(found.long_line_energies_ev) > 10.0 * STAIR_EV
    assert np.ptp(found.short_line_energies_ev) < 2.0 * STAIR_EV
    assert found.force_ev_per_angstrom < 1e-9


def test_lines_follow_the_forces_and_have_their_lengths(new_subject, water):
    asked = []

    class Watched(FieldOracle):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            asked.append(positions_angstrom)
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    subject = new_subject(Watched(water, seed=0), water, at_minimum=True)
    found = subject.noise
    middle, short, long = asked
    forces = subject.evaluate(middle).forces_ev_per_angstrom[0]
    for line, length in ((short, SHORT_LINE_ANGSTROM), (long, LONG_LINE_ANGSTROM)):
        way = line[-1] - line[0]
        assert np.linalg.norm(way) == pytest.approx(length, rel=0.01)
        along = np.sum(way * forces) / np.linalg.norm(way) / np.linalg.norm(forces)
        assert along == pytest.approx(1.0)
    assert (np.diff(found.long_line_energies_ev) < 0.0).all()
