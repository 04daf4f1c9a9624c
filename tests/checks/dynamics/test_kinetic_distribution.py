import math

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.kinetic_distribution import CHECK
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

RHO = math.exp(-0.1)


def maxwell(masses, *, rows, seed=0, temperature_kelvin=300.0):
    """Velocities of free atoms under friction, (S, N, 3): exact, and correlated."""
    rng = np.random.default_rng(seed)
    velocities = np.empty((rows, len(masses), 3))
    velocities[0] = rng.normal(size=(len(masses), 3))
    for row in range(1, rows):
        kick = math.sqrt(1 - RHO**2) * rng.normal(size=(len(masses), 3))
        velocities[row] = RHO * velocities[row - 1] + kick
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * temperature_kelvin
    return velocities * np.sqrt(thermal_ev / (masses * EV_PER_AMU_ANGSTROM2_PER_PS2))[:, None]


@pytest.fixture
def judge(water, limits):
    def call(
        *, rows=2000, factor=1.0, seed=0, velocities=None, constrained=False, freedom=9, **rest
    ):
        if velocities is None:
            velocities = maxwell(water.masses_amu, rows=rows, seed=seed)
        record = Samples(
            positions_angstrom=np.zeros_like(velocities),
            velocities_angstrom_per_ps=velocities * np.reshape(factor, (-1, 1)),
            time_ps=0.01 * np.arange(len(velocities)),
            masses_amu=water.masses_amu,
            constrained=np.full(3, constrained),
            symbols=water.symbols,
            degrees_of_freedom=freedom,
            temperature_kelvin=300.0,
            **rest,
        )
        return CHECK.judge(record, limits(CHECK.id))

    return call


def test_maxwells_velocities_pass(judge):
    result = judge()
    assert result.status is Status.PASS
    assert result.value < 3.0
    assert {(test["group"], test["degrees_of_freedom"]) for test in result.evidence["tests"]} == {
        ("all atoms", 9),
        ("H", 6),
        ("O", 3),
    }
    assert len(result.evidence["tests"]) == 6
    assert 5.0 < result.evidence["detection_limit_percent_of_temperature"] < 50.0


def test_healthy_runs_never_fail_and_seldom_ask_for_more(judge):
    statuses = [judge(rows=400, seed=seed).status for seed in range(25)]
    assert statuses.count(Status.FAIL) == 0
    assert statuses.count(Status.PASS) >= 24


def test_one_element_ten_percent_hot_fails_by_name(judge):
    hot = math.sqrt(1.1)
    result = judge(rows=12_000, factor=np.array([1.0, hot, hot]))
    assert result.status is Status.FAIL
    assert "the mean of the kinetic energy of H atoms" in result.clause
    worst = next(test for test in result.evidence["tests"] if test["group"] == "H")
    assert worst["temperature_kelvin"] == pytest.approx(330.0, abs=8.0)
    assert worst["physical_validation_sigma"] > 3.0


@pytest.mark.parametrize("factor", [0.0, 0.7, 1.5])
def test_all_atoms_cold_or_hot_fail(judge, factor):
    result = judge(factor=factor)
    assert result.status is Status.FAIL
    assert result.value > 3.0


def test_the_wrong_width_alone_is_found(judge, water):
    velocities = maxwell(water.masses_amu, rows=4000)
    # Every sample with the same kinetic energy, the right one on average.
    squares = (water.masses_amu[:, None] * velocities**2).sum(axis=(1, 2))
    rigid = velocities * np.sqrt(squares.mean() / squares)[:, None, None]
    result = judge(velocities=rigid)
    assert result.status is Status.FAIL
    assert "the width of the kinetic energy" in result.clause


def test_a_burst_of_heat_in_one_half_decides_nothing(judge, water):
    velocities = maxwell(water.masses_amu, rows=2000)
    velocities[1000:] *= 1.5
    result = judge(velocities=velocities)
    assert result.status is Status.INCONCLUSIVE


def test_a_short_run_decides_nothing(judge):
    result = judge(rows=20)
    assert result.status is Status.INCONCLUSIVE


def test_velocities_that_are_not_numbers_fail(judge, water):
    velocities = maxwell(water.masses_amu, rows=100)
    velocities[50, 1] = np.nan
    result = judge(velocities=velocities)
    assert result.status is Status.FAIL


def test_a_molecule_that_broke_fails(judge):
    result = judge(rows=1, failure="at 1.2 ps: bond O1–H2 is torn")
    assert result.status is Status.FAIL
    assert "bond O1–H2 is torn" in result.clause


def test_the_library_is_silent_and_leaves_the_random_numbers_alone(judge, capfd):
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    judge(rows=200)
    assert np.random.random() == expected
    assert capfd.readouterr() == ("", "")


def test_atoms_at_fixed_distances_count_among_all_atoms_only(judge, water):
    """Three distances fixed: six degrees of freedom are left, of which no element has its own."""
    velocities = maxwell(water.masses_amu, rows=2000)
    # As much energy as six degrees of freedom have.
    velocities = velocities[:, [0, 1, 1]] * [[1.0], [1.0], [0.0]]
    result = judge(velocities=velocities, constrained=True, freedom=6)
    assert result.status is Status.PASS
    assert {(test["group"], test["degrees_of_freedom"]) for test in result.evidence["tests"]} == {
        ("all atoms", 6)
    }


def test_a_sound_potential_has_the_temperature_of_its_thermostat(measured, sound):
    subject = sound()
    assert measured(CHECK, subject).status is Status.PASS
    # Nothing holds the centre of mass, and the shared samples are stored once.
    samples = subject.samples
    drift = samples.masses_amu @ samples.velocities_angstrom_per_ps
    assert np.abs(drift).max() > 1.0
    assert subject.store.read(CHECK.id).arrays["time_ps"] == pytest.approx(samples.time_ps)


def test_a_second_thermostat_that_is_too_hot_fails(measured, faulty):
    result = measured(CHECK, faulty("hot thermostat"))
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_a_molecule_that_breaks_fails(measured, faulty):
    assert measured(CHECK, faulty("weak bonds")).status is Status.FAIL
