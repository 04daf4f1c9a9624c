import math

import numpy as np
import openmm
import pytest
from scipy.signal import lfilter
from scipy.stats import chi2

from openmm_mlff.checks.dynamics.kinetic_distribution import Record, groups_of
from openmm_mlff.molecules import MolecularSystem, load_system
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
WATER = load_system("water")


class Wells(SurfacePotential):
    """Every atom in a harmonic well of its own, 1 eV/Å², by OpenMM's force; a bath may heat it.

    Args:
        centres_angstrom: of the wells, (N, 3).
        bath: temperature, K, of collisions besides the thermostat, and their rate, 1/ps.
    """

    composition_is_free = False

    def __init__(self, centres_angstrom, bath=None):
        super().__init__(name="wells", seed=0)
        self._centres, self._bath = centres_angstrom, bath

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def well(positions):
            arms = positions - self._centres
            return 0.5 * (arms**2).sum(axis=(1, 2)), -arms

        return well

    def create_forces(self, molecule, **rest):
        force = openmm.CustomExternalForce("0.5*k*((x-x0)^2+(y-y0)^2+(z-z0)^2)")
        force.addGlobalParameter("k", 100.0 * kj_per_mol_from_ev(1.0))
        for name in ("x0", "y0", "z0"):
            force.addPerParticleParameter(name)
        for index, centre in enumerate(self._centres):
            force.addParticle(index, 0.1 * centre)
        if not self._bath:
            return [force]
        bath = openmm.AndersenThermostat(*self._bath)
        bath.setRandomNumberSeed(1_618_033_989)
        return [force, bath]


@pytest.fixture
def grid(make_subject):
    """Thirty atoms each of argon and neon in wells, as a subject."""

    def make(bath=None):
        centres = 5.0 * np.stack(np.meshgrid(range(3), range(4), range(5)), axis=-1).reshape(-1, 3)
        molecule = MolecularSystem("grid", np.array([18, 10] * 30), centres)
        probes = {"sampling_ps": 4.0, "thermostats_ps": 8.0}
        return make_subject(Wells(centres, bath), molecule, probes=probes)

    return make


def maxwell(rows, seed=0):
    """Velocities of free atoms of water under friction, (S, N, 3): exact, and correlated."""
    kicks = np.random.default_rng(seed).normal(size=(rows, 3, 3))
    kicks[1:] *= math.sqrt(1 - RHO**2)
    velocities = lfilter([1.0], [1.0, -RHO], kicks, axis=0)
    return (
        velocities
        * np.sqrt(THERMAL_EV / (WATER.masses_amu * EV_PER_AMU_ANGSTROM2_PER_PS2))[:, None]
    )


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
def judge_velocities(judge):
    def call(
        velocities=None,
        *,
        factor=1.0,
        seed=0,
        constrained=False,
        freedom=9,
        weak_ps=4.0,
        weak_factor=1.0,
        global_factor=(1.0, 1.0, 1.0),
        failure="",
    ):
        velocities = maxwell(2000, seed) if velocities is None else velocities
        velocities = velocities * np.reshape(factor, (-1, 1))
        samples = Samples(
            positions_angstrom=np.zeros_like(velocities),
            velocities_angstrom_per_ps=velocities,
            time_ps=0.01 * np.arange(len(velocities)),
            masses_amu=WATER.masses_amu,
            constrained=np.full(3, constrained),
            symbols=WATER.symbols,
            degrees_of_freedom=freedom,
            temperature_kelvin=300.0,
        )
        groups, members, degrees_of_freedom = groups_of(samples)
        weights = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * WATER.masses_amu[:, None] * members
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
            failure=failure,
        )
        return judge(record)

    return call


def groups_in(judgement):
    return {(test["group"], test["degrees_of_freedom"]) for test in judgement.evidence["tests"]}


def test_maxwells_velocities_pass_in_every_group(judge_velocities, capfd):
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    judgement = judge_velocities()
    assert judgement.status is Status.PASS
    assert judgement.value < 3.0
    assert groups_in(judgement) == {("all atoms", 9), ("H", 6), ("O", 3)}
    # Mean and width of three groups, the mean of three, and the mean of two elements.
    assert len(judgement.evidence["tests"]) == 11
    # The library is silent and leaves the random numbers alone.
    assert np.random.random() == expected
    assert capfd.readouterr() == ("", "")


def test_what_would_have_been_detected_is_detected(judge_velocities):
    limit_kelvin = judge_velocities().evidence["smallest_detectable_heating_kelvin"]
    # Four samples of nine degrees of freedom are 36 squares; one test of eleven may be beyond 3 σ.
    tail = 0.5 * (1.0 - 0.9973 ** (1.0 / 11.0))
    assert limit_kelvin == pytest.approx(300.0 * (chi2.isf(tail, 36) / 36 - 1.0), rel=0.01)
    heated = 1.0 + 2.0 * limit_kelvin / 300.0
    judgement = judge_velocities(weak_factor=heated)
    assert judgement.status is not Status.PASS
    assert "all atoms under weak friction" in judgement.clause
    assert judge_velocities(weak_factor=2.0 * heated).status is Status.FAIL


def test_healthy_runs_never_fail_and_seldom_ask_for_more(judge_velocities):
    found = [judge_velocities(maxwell(400, seed), seed=seed).status for seed in range(15)]
    assert found.count(Status.FAIL) == 0
    assert found.count(Status.PASS) >= 14


# Every sample with almost the same kinetic energy, the right one on average.
SQUARES = (WATER.masses_amu[:, None] * maxwell(4000) ** 2).sum(axis=(1, 2))
RIGID = maxwell(4000) * ((SQUARES.mean() / SQUARES) ** 0.45)[:, None, None]
LOST = maxwell(100)
LOST[50, 1] = np.nan
BURST = maxwell(2000) * np.where(np.arange(2000) < 1000, 1.0, 1.5)[:, None, None]
HOT = np.array([1.0, math.sqrt(1.1), math.sqrt(1.1)])


@pytest.mark.parametrize(
    ("settings", "status", "what"),
    [
        *(({"factor": factor}, Status.FAIL, "") for factor in (0.0, 0.7, 1.5)),
        (
            {"velocities": maxwell(12_000), "factor": HOT},
            Status.FAIL,
            "the mean of the kinetic energy of H atoms",
        ),
        ({"velocities": RIGID}, Status.FAIL, "the width of the kinetic energy"),
        # Four starts of three atoms know little: only an element five times as hot stands out.
        ({"global_factor": (0.02, 1.0, 1.0)}, Status.FAIL, "O atoms under a global thermostat"),
        ({"velocities": LOST}, Status.FAIL, ""),
        ({"failure": "bond O1–H2 is torn"}, Status.FAIL, "bond O1–H2 is torn"),
        # A burst of heat in one half, or a short run.
        ({"velocities": BURST}, Status.INCONCLUSIVE, ""),
        ({"velocities": maxwell(20)}, Status.INCONCLUSIVE, ""),
        ({"velocities": maxwell(99)}, Status.INCONCLUSIVE, "99 samples"),
        ({"weak_ps": 0.9}, Status.INCONCLUSIVE, ""),
    ],
)
def test_what_decides(judge_velocities, settings, status, what):
    judgement = judge_velocities(**settings)
    assert judgement.status is status
    assert what in judgement.clause
    if "factor" in settings:
        assert judgement.value > judgement.threshold == 3.0
    if settings.get("factor") is HOT:
        hot = next(test for test in judgement.evidence["tests"] if test["group"] == "H")
        assert hot["temperature_kelvin"] == pytest.approx(330.0, abs=8.0)
        assert hot["physical_validation_sigma"] > 3.0


def test_atoms_at_fixed_distances_count_among_all_atoms_only(judge_velocities):
    """Three distances fixed: six degrees of freedom are left, of which no element has its own."""
    # As much energy as six degrees of freedom have.
    velocities = maxwell(2000)[:, [0, 1, 1]] * [[1.0], [1.0], [0.0]]
    judgement = judge_velocities(velocities, constrained=True, freedom=6)
    assert judgement.status is Status.PASS
    assert groups_in(judgement) == {("all atoms", 6)}


def test_heat_shows_at_weak_friction_as_the_balance_of_power_has_it(measured, grid):
    """Collisions at ν with a bath at T_h: ΔT = ν (T_h − T)/(2γ + ν), reached at γ + ν/2."""
    result = measured(grid(bath=(750.0, 1.0)))
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
