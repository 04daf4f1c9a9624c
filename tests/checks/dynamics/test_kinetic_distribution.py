import math

import numpy as np
import openmm
import pytest
from scipy.signal import lfilter
from scipy.stats import chi2

from openmm_mlff.checks.dynamics.kinetic_distribution import CHECK, Record, groups_of
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    EV_PER_AMU_ANGSTROM2_PER_PS2,
    kj_per_mol_from_ev,
)

RHO = math.exp(-0.1)
THERMAL_EV = 300.0 * BOLTZMANN_EV_PER_KELVIN
WELL_EV_PER_ANGSTROM2 = 1.0


class Wells(SurfacePotential):
    """Every atom in a harmonic well of its own, by OpenMM's own force; a bath may heat it.

    Args:
        centres_angstrom: of the wells, (N, 3).
        bath_kelvin: of collisions besides the thermostat.
        collisions_per_ps: with that bath.
    """

    composition_is_free = False

    def __init__(self, centres_angstrom, *, bath_kelvin=300.0, collisions_per_ps=0.0):
        super().__init__(name="wells", seed=0)
        self._centres = centres_angstrom
        self._bath = bath_kelvin, collisions_per_ps

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def well(positions):
            arms = positions - self._centres
            energies = 0.5 * WELL_EV_PER_ANGSTROM2 * (arms**2).sum(axis=(1, 2))
            return energies, -WELL_EV_PER_ANGSTROM2 * arms

        return well

    def create_forces(self, molecule, **rest):
        force = openmm.CustomExternalForce("0.5*k*((x-x0)^2+(y-y0)^2+(z-z0)^2)")
        force.addGlobalParameter("k", 100.0 * kj_per_mol_from_ev(WELL_EV_PER_ANGSTROM2))
        for name in ("x0", "y0", "z0"):
            force.addPerParticleParameter(name)
        for index, centre in enumerate(self._centres):
            force.addParticle(index, 0.1 * centre)
        forces = [force]
        if self._bath[1]:
            bath = openmm.AndersenThermostat(*self._bath)
            bath.setRandomNumberSeed(1_618_033_989)
            forces.append(bath)
        return forces


@pytest.fixture
def grid(make_subject):
    """Thirty atoms each of argon and neon in wells, as a subject."""

    def make(**bath):
        centres = 5.0 * np.stack(np.meshgrid(range(3), range(4), range(5)), axis=-1).reshape(-1, 3)
        molecule = MolecularSystem("grid", np.array([18, 10] * 30), centres)
        probes = {"sampling_ps": 4.0, "thermostats_ps": 8.0}
        return make_subject(Wells(centres, **bath), molecule, probes=probes)

    return make


def maxwell(masses, *, rows, seed=0, temperature_kelvin=300.0):
    """Velocities of free atoms under friction, (S, N, 3): exact, and correlated."""
    kicks = np.random.default_rng(seed).normal(size=(rows, len(masses), 3))
    kicks[1:] *= math.sqrt(1 - RHO**2)
    velocities = lfilter([1.0], [1.0, -RHO], kicks, axis=0)
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * temperature_kelvin
    return velocities * np.sqrt(thermal_ev / (masses * EV_PER_AMU_ANGSTROM2_PER_PS2))[:, None]


def flowing(shares, *, ps, seed=0):
    """Kinetic energy over k_B T of free atoms at a friction of 1/ps, every 2 fs: (T, atoms)."""
    rng = np.random.default_rng([seed, 1])
    rho = math.exp(-0.002)
    noise = rng.normal(size=(round(500 * ps), shares, 3)) * math.sqrt(1 - rho**2)
    noise[0] /= math.sqrt(1 - rho**2)
    return 0.5 * (lfilter([1.0], [1.0, -rho], noise, axis=0) ** 2).sum(axis=2)


def held(*, runs=4, seed=0):
    """Kinetic energy over k_B T of three atoms whose sum is held, (runs, 1, atoms)."""
    energies = np.random.default_rng([seed, 2]).gamma(1.5, size=(runs, 1, 3))
    return 4.5 * energies / energies.sum(axis=2, keepdims=True)


@pytest.fixture
def judge(water, limits):
    def call(
        *,
        rows=2000,
        factor=1.0,
        seed=0,
        velocities=None,
        constrained=False,
        freedom=9,
        weak_ps=4.0,
        weak_factor=1.0,
        global_factor=(1.0, 1.0, 1.0),
        **rest,
    ):
        if velocities is None:
            velocities = maxwell(water.masses_amu, rows=rows, seed=seed)
        velocities = velocities * np.reshape(factor, (-1, 1))
        samples = Samples(
            positions_angstrom=np.zeros_like(velocities),
            velocities_angstrom_per_ps=velocities,
            time_ps=0.01 * np.arange(len(velocities)),
            masses_amu=water.masses_amu,
            constrained=np.full(3, constrained),
            symbols=water.symbols,
            degrees_of_freedom=freedom,
            temperature_kelvin=300.0,
        )
        groups, members, degrees_of_freedom = groups_of(samples)
        weights = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * water.masses_amu[:, None] * members
        flow = flowing(3, ps=weak_ps, seed=seed) * weak_factor * THERMAL_EV
        record = Record(
            groups=groups,
            degrees_of_freedom=degrees_of_freedom,
            strong_kinetic_ev=(velocities**2).sum(axis=2) @ weights,
            weak_kinetic_ev=flow @ members * (freedom / 9),
            global_kinetic_ev=held(seed=seed) * global_factor @ members * THERMAL_EV,
            weak_friction_per_ps=1.0,
            weak_ps=weak_ps,
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
    # Mean and width of three groups, the mean of three, and the mean of two elements.
    assert len(result.evidence["tests"]) == 11


def test_what_would_have_been_detected_is_detected(judge):
    limit_kelvin = judge().evidence["smallest_detectable_heating_kelvin"]
    # Four samples of nine degrees of freedom are 36 squares; one test of eleven may be beyond 3 σ.
    tail = 0.5 * (1.0 - 0.9973 ** (1.0 / 11.0))
    assert limit_kelvin == pytest.approx(300.0 * (chi2.isf(tail, 36) / 36 - 1.0), rel=0.01)
    heated = 1.0 + 2.0 * limit_kelvin / 300.0
    result = judge(weak_factor=heated)
    assert result.status is not Status.PASS
    assert "all atoms under weak friction" in result.clause
    assert judge(weak_factor=2.0 * heated).status is Status.FAIL


def test_elements_that_differ_where_the_total_is_held_fail(judge):
    # Four starts of three atoms know little: only an element five times as hot stands out.
    result = judge(global_factor=(0.02, 1.0, 1.0))
    assert result.status is Status.FAIL
    assert "O atoms under a global thermostat" in result.clause


def test_healthy_runs_never_fail_and_seldom_ask_for_more(judge):
    statuses = [judge(rows=400, seed=seed).status for seed in range(15)]
    assert statuses.count(Status.FAIL) == 0
    assert statuses.count(Status.PASS) >= 14


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
    # Every sample with almost the same kinetic energy, the right one on average.
    squares = (water.masses_amu[:, None] * velocities**2).sum(axis=(1, 2))
    rigid = velocities * ((squares.mean() / squares) ** 0.45)[:, None, None]
    result = judge(velocities=rigid)
    assert result.status is Status.FAIL
    assert "the width of the kinetic energy" in result.clause


def test_a_burst_of_heat_in_one_half_or_a_short_run_decides_nothing(judge, water):
    velocities = maxwell(water.masses_amu, rows=2000)
    velocities[1000:] *= 1.5
    for result in (judge(velocities=velocities), judge(rows=20), judge(weak_ps=0.9)):
        assert result.status is Status.INCONCLUSIVE


def test_velocities_that_are_not_numbers_or_a_molecule_that_broke_fail(judge, water):
    velocities = maxwell(water.masses_amu, rows=100)
    velocities[50, 1] = np.nan
    assert judge(velocities=velocities).status is Status.FAIL
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


def test_a_sound_potential_has_the_temperature_of_its_thermostats(measured, grid):
    subject = grid()
    assert measured(CHECK, subject).status is Status.PASS
    # Nothing holds the centre of mass.
    samples = subject.samples
    drift = samples.masses_amu @ samples.velocities_angstrom_per_ps
    assert np.abs(drift).max() > 1.0
    record = subject.store.read(CHECK.id).record(Record)
    assert record.groups == ("all atoms", "Ar", "Ne")
    # A global thermostat sets the total, though the elements fluctuate.
    total = record.global_kinetic_ev[:, 100:, 0].mean(axis=1) / (1.5 * 60 * THERMAL_EV)
    np.testing.assert_allclose(total, 1.0, atol=0.03)
    assert record.weak_kinetic_ev.shape == (2000, 3)


def test_heat_shows_at_weak_friction_as_the_balance_of_power_has_it(measured, grid):
    """Collisions at ν with a bath at T_h: ΔT = ν (T_h − T)/(2γ + ν), reached at γ + ν/2."""
    result = measured(CHECK, grid(bath_kelvin=750.0, collisions_per_ps=1.0))
    assert result.status is Status.FAIL
    kelvin = {
        test["run"]: test["temperature_kelvin"] - 300.0
        for test in result.evidence["tests"]
        if (test["group"], test["quantity"]) == ("all atoms", "mean")
    }
    strong, weak = (450.0 / (2.0 * friction + 1.0) for friction in (10.0, 1.0))
    # From 1 to 5 ps.
    missing = (math.exp(-1.5) - math.exp(-7.5)) / (1.5 * 4.0)
    assert kelvin["under strong friction"] == pytest.approx(strong, abs=3.5 * 5.0)
    expected = weak - (weak - strong) * missing
    assert kelvin["under weak friction"] == pytest.approx(expected, abs=3.5 * 24.0)
    assert "all atoms under weak friction" in result.message


def test_a_second_thermostat_that_is_too_hot_fails(measured, faulty):
    hot = faulty("hot thermostat", probes={"sampling_ps": 2.0, "thermostats_ps": 4.0})
    result = measured(CHECK, hot)
    assert result.status is Status.FAIL
    assert result.value > result.threshold


def test_a_molecule_that_breaks_fails(measured, faulty):
    assert measured(CHECK, faulty("weak bonds")).status is Status.FAIL
