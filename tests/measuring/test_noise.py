"""Noise is what smooth curves leave."""

import numpy as np
import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.noise import LONG_LINE_DEGREE, line_through, residual
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.defects.planting import PlantedPotential
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.simulation.platforms import named_platform


@pytest.fixture
def morse():
    """A Morse potential at points of a line, with noise."""

    def make(points, *, step_angstrom, noise_ev=0.0):
        place = step_angstrom * (np.arange(points) - points // 2) + 0.05
        smooth = 4.5 * (1.0 - np.exp(-2.0 * place)) ** 2 - 140.0
        return (smooth + noise_ev * np.random.default_rng(1).normal(size=points))[:, None]

    return make


def test_points_are_evenly_spaced_in_the_space_of_all_coordinates():
    line = line_through(np.ones((4, 3)), seed=1, points=9, step_angstrom=1e-3)

    np.testing.assert_allclose(line[4], 1.0)
    np.testing.assert_allclose(np.linalg.norm(np.diff(line, axis=0), axis=(1, 2)), 1e-3)


@pytest.mark.parametrize(
    ("points", "step_angstrom", "degree"), [(9, 1e-5, 2), (41, 1e-3, LONG_LINE_DEGREE)]
)
def test_of_a_smooth_line_nothing_is_left(morse, points, step_angstrom, degree):
    assert residual(morse(points, step_angstrom=step_angstrom), degree=degree) < 1e-10


@pytest.mark.parametrize("degree", [2, LONG_LINE_DEGREE])
def test_planted_noise_is_found(morse, degree):
    noisy = morse(4000, step_angstrom=1e-5, noise_ev=1e-4)
    assert residual(noisy, degree=degree) == pytest.approx(1e-4, rel=0.1)


def test_coarse_rounding_is_found_on_the_long_line_alone():
    def rounded(points, step_angstrom):
        place = step_angstrom * (np.arange(points) - points // 2)
        # At −10 eV float16 has steps of 8 meV.
        smooth = -10.0 + 25.0 * place**2 - 40.0 * place**3
        return smooth.astype(np.float16).astype(float)[:, None]

    assert residual(rounded(9, 1e-5), degree=2) == 0.0
    assert residual(rounded(41, 1e-3), degree=LONG_LINE_DEGREE) > 1e-3


def test_noise_of_what_is_not_finite_is_unknown():
    assert np.isnan(residual(np.array([[0.0], [np.nan], [1.0], [0.0]]), degree=2))


@pytest.mark.parametrize("noise_ev", [0.0, 1e-4])
def test_the_noise_of_a_potential_is_measured(tmp_path, noise_ev):
    water = load_system("water")
    rng = np.random.default_rng(5)

    def spoil(surface, _numbers, strength):
        def noisy(positions):
            energies_ev, forces = surface(positions)
            return energies_ev + strength * rng.normal(size=len(energies_ev)), forces

        return noisy

    potential = PlantedPotential(FieldOracle(water, seed=0), noise_ev, everywhere=spoil)
    subject = Subject(
        potential,
        water,
        platform=named_platform("Reference"),
        settings=Settings(load_protocol("standard"), "double", 1),
        folder=tmp_path / "water",
    )
    subject._measured["molecule"] = water
    found = subject.noise
    assert found.refused == 0
    assert found.force_ev_per_angstrom < 1e-6
    for measured_ev in (found.energy_ev, found.long_line_energy_ev):
        assert measured_ev == pytest.approx(noise_ev, rel=0.6, abs=1e-9)
