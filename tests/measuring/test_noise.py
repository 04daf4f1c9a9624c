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
from openmm_mlff.selftest.faults.plant import PlantedPotential
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.staircase import STAIR_EV, StaircaseOracle

SHORT = (SHORT_LINE_POINTS, SHORT_LINE_ANGSTROM, SHORT_LINE_DEGREE)
LONG = (LONG_LINE_POINTS, LONG_LINE_ANGSTROM, LONG_LINE_DEGREE)


@pytest.fixture
def subject_of(new_subject):
    """Make a subject whose minimum is the geometry of the library."""

    def make(potential, molecule):
        subject = new_subject(potential, molecule)
        subject._measured["molecule"] = molecule
        return subject

    return make


def morse(points, *, length_angstrom, noise_ev=0.0):
    """Return a Morse potential at points of a line, with noise."""
    place = 0.5 * length_angstrom * places_on_line(points) + 0.05
    smooth = 4.5 * (1.0 - np.exp(-2.0 * place)) ** 2 - 140.0
    return (smooth + noise_ev * np.random.default_rng(1).normal(size=points))[:, None]


@pytest.mark.parametrize(("points", "length_angstrom", "degree"), [SHORT, LONG])
def test_of_a_smooth_line_nothing_is_left(points, length_angstrom, degree):
    assert residual(morse(points, length_angstrom=length_angstrom), degree=degree) < 1e-10


@pytest.mark.parametrize("degree", [SHORT_LINE_DEGREE, LONG_LINE_DEGREE])
def test_planted_noise_is_found(degree):
    noisy = morse(4000, length_angstrom=1e-2, noise_ev=1e-4)
    assert residual(noisy, degree=degree) == pytest.approx(1e-4, rel=0.1)


@pytest.mark.parametrize("noise_ev", [0.0, 1e-4])
def test_the_noise_of_energies_is_measured(subject_of, noise_ev):
    water = load_system("water")
    rng = np.random.default_rng(5)

    def spoil(surface, _numbers, strength):
        def noisy(positions):
            energies_ev, forces = surface(positions)
            return energies_ev + strength * rng.normal(size=len(energies_ev)), forces

        return noisy

    potential = PlantedPotential(FieldOracle(water, seed=0), noise_ev, everywhere=spoil)
    found = subject_of(potential, water).noise

    assert found.refused == 0
    assert found.energy_quantum_ev == 0.0
    assert found.force_ev_per_angstrom < 1e-6
    assert found.energy_ev == pytest.approx(noise_ev, rel=0.3, abs=1e-9)


@pytest.mark.parametrize("name", ["water", "methane"])
def test_a_staircase_is_noise_of_the_energy_alone(subject_of, name):
    molecule = load_system(name)
    found = subject_of(StaircaseOracle(molecule, seed=0), molecule).noise

    assert found.energy_quantum_ev == pytest.approx(STAIR_EV)
    # A rounded number is off by 1/√12 of a stair.
    assert found.energy_ev == pytest.approx(STAIR_EV / np.sqrt(12.0), rel=0.3)
    assert np.ptp(found.long_line_energies_ev) > 10.0 * STAIR_EV
    assert np.ptp(found.short_line_energies_ev) < 2.0 * STAIR_EV
    assert found.force_ev_per_angstrom < 1e-9


def test_lines_follow_the_forces_and_have_their_lengths(subject_of):
    water = load_system("water")
    asked = []

    class Watched(FieldOracle):
        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            asked.append(positions_angstrom)
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    subject = subject_of(Watched(water, seed=0), water)
    found = subject.noise
    middle, short, long = asked

    forces = subject.evaluate(middle).forces_ev_per_angstrom[0]
    for line, length in ((short, SHORT_LINE_ANGSTROM), (long, LONG_LINE_ANGSTROM)):
        way = line[-1] - line[0]
        assert np.linalg.norm(way) == pytest.approx(length, rel=0.01)
        along = np.sum(way * forces) / np.linalg.norm(way) / np.linalg.norm(forces)
        assert along == pytest.approx(1.0)
    assert (np.diff(found.long_line_energies_ev) < 0.0).all()


def test_a_jump_within_the_line_is_no_noise():
    curve = np.sin(places_on_line(LONG_LINE_POINTS))
    noise = np.random.default_rng(0).normal(scale=1e-4, size=LONG_LINE_POINTS)
    jump = 0.25 * (np.arange(LONG_LINE_POINTS) >= 17)
    found = residual_beside_jump(curve + noise + jump, degree=LONG_LINE_DEGREE)
    assert found == pytest.approx(1e-4, rel=0.3)
