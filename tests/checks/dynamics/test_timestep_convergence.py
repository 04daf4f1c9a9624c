import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import (
    CHECK,
    Record,
    noise,
    safe_timestep_fs,
)
from openmm_mlff.results import Status

TIMESTEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)
OMEGA_PER_PS = 2 * np.pi * 220.0
"""Of the energy of an O–H bond: twice its vibration."""


STARTS = 3

SHORT = {"convergence_ps": 0.05, "sampling_ps": 0.3}


def energies(
    *, amplitude_ev=1e-3, power=2.0, error_ev=0.0, noise_ev=0.0, scatter=0.0, starts=STARTS, seed=0
):
    """Total energy of leapfrog from each start at three timesteps, and of steps in a row.

    A ripple that goes as a power of the timestep, an error of the surface that does not depend on
    it, and white noise.  The power of the starts is spread evenly over ``scatter`` about its mean.
    """
    rng = np.random.default_rng(seed)
    ripple = np.sin(OMEGA_PER_PS * TIME_PS)
    # A walk from plateau to plateau, as jumps of the surface leave it.
    walk = np.where(TIME_PS < 0.2, -1.0, 1.0)
    powers = power + scatter * np.linspace(-0.5, 0.5, starts)
    sizes = amplitude_ev * TIMESTEPS_FS[:, None] ** powers
    total = sizes.T[..., None] * ripple + error_ev * walk
    total = total + noise_ev * rng.normal(size=(starts, 3, 500))
    row_ps = 0.00025 * np.arange(200)
    in_a_row = amplitude_ev * TIMESTEPS_FS[0] ** power * np.sin(OMEGA_PER_PS * row_ps)
    return total, in_a_row + noise_ev * rng.normal(size=200)


@pytest.fixture
def judge(limits):
    def call(total_ev, in_a_row, *, kinetic_ev=None):
        if kinetic_ev is None:
            kinetic_ev = 0.05 * np.sin(OMEGA_PER_PS * TIME_PS[: total_ev.shape[-1]])
        kinetic_ev = np.broadcast_to(kinetic_ev, total_ev.shape)
        record = Record(
            timesteps_fs=TIMESTEPS_FS,
            time_ps=TIME_PS[: total_ev.shape[-1]],
            potential_ev=total_ev - kinetic_ev,
            kinetic_ev=kinetic_ev,
            noise_total_ev=in_a_row,
            n_atoms=3,
            failures=("", "", ""),
        )
        return CHECK.judge(record, limits(CHECK.id))

    return call


def test_leapfrogs_own_error_passes(judge):
    result = judge(*energies())
    assert result.status is Status.PASS
    assert result.value == pytest.approx(2.0)
    assert result.evidence["physical_validation_agrees"]
    assert result.evidence["physical_validation_deviation"] == pytest.approx(0.0, abs=1e-9)
    # σ_E/σ_K = 0.02 dt², in fs: 0.05 lies at √2.5 fs, beyond what was run.
    assert result.evidence["largest_safe_timestep_fs"] == 1.0
    assert "timesteps up to 1 fs are safe" in result.clause
    assert "from 0.25 to 1 fs" in result.clause


def test_the_largest_safe_timestep_lies_on_the_fitted_law(judge):
    result = judge(*energies(amplitude_ev=1e-2))
    # 0.2 dt² = 0.05.
    assert result.evidence["largest_safe_timestep_fs"] == pytest.approx(0.5)


@pytest.mark.parametrize("power", [1.5, 2.5])
def test_another_power_fails(judge, power):
    result = judge(*energies(power=power))
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(power)
    assert result.evidence["exponent_half_width"] == pytest.approx(0.0, abs=1e-9)
    assert "largest_safe_timestep_fs" not in result.evidence


def test_an_error_of_the_surface_that_lowers_the_exponent_enough_fails(judge):
    # p = 1.6 where 256 s² + x² = 84.4 (s² + x²), for s = 1e-3 · 0.25² eV/√2.
    least_ev = 1.43 * 1e-3 * 0.0625 / np.sqrt(2)
    # The plateaus ±x have a spread of 0.98 x.
    assert judge(*energies(error_ev=0.95 * least_ev)).status is Status.PASS
    result = judge(*energies(error_ev=1.1 * least_ev))
    assert result.status is Status.FAIL
    assert judge(*energies(error_ev=100 * least_ev)).value == pytest.approx(0.0, abs=0.01)


def test_a_library_that_disagrees_is_in_the_evidence(judge):
    total_ev, in_a_row = energies()
    # 2^2.45 and 2^1.95: the mean is fine, the first pair is not.
    total_ev[:, 1] *= 2**0.45
    result = judge(total_ev, in_a_row)
    assert result.status is Status.PASS
    assert not result.evidence["physical_validation_agrees"]


def test_noise_is_told_from_the_motion():
    _, clean = energies()
    assert noise(clean) < 2e-3 * 1e-3 * 0.0625
    _, noisy = energies(noise_ev=1e-5)
    assert noise(noisy) == pytest.approx(1e-5, rel=0.3)
    jump = clean + np.where(np.arange(200) < 100, 0.0, 0.1)
    assert noise(jump) < 2e-3 * 1e-3 * 0.0625
    assert noise(np.full(5, 1.0)) == np.inf


def test_noise_at_the_shortest_timestep_leaves_the_upper_pair(judge):
    result = judge(*energies(noise_ev=5e-5))
    assert result.status is Status.PASS
    assert "from 0.5 to 1 fs" in result.clause


def test_noise_no_motion_few_rows_or_one_start_decide_nothing(judge):
    total_ev, in_a_row = energies()
    still = np.zeros((STARTS, 3, 500))
    for result in (
        judge(*energies(noise_ev=1e-2)),
        judge(still, np.zeros(200), kinetic_ev=still),
        judge(total_ev[..., :10], in_a_row),
        judge(*energies(starts=1)),
    ):
        assert result.status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("run", "status"), [(0, Status.FAIL), (1, Status.FAIL), (2, Status.INCONCLUSIVE)]
)
def test_a_run_that_broke(judge, run, status):
    total_ev, in_a_row = energies()
    total_ev[0, run, 300:] = np.nan
    result = judge(total_ev, in_a_row)
    assert result.status is status
    assert f"{TIMESTEPS_FS[run]:g} fs broke" in result.clause


def test_a_law_that_does_not_rise_has_no_safe_timestep():
    for ratio in (0.1, np.inf):
        assert safe_timestep_fs(TIMESTEPS_FS, np.full(3, ratio)) is None


# Three starts over a range of s have a standard deviation of s/2 and t = 4.30: ± 1.24 s.
@pytest.mark.parametrize(
    ("power", "scatter", "status"),
    [
        (1.76, 0.12, Status.PASS),
        (1.76, 0.14, Status.INCONCLUSIVE),
        (1.44, 0.14, Status.INCONCLUSIVE),
        (1.44, 0.12, Status.FAIL),
        (2.56, 0.14, Status.INCONCLUSIVE),
        (2.56, 0.12, Status.FAIL),
    ],
)
def test_the_interval_over_the_starts_decides(judge, power, scatter, status):
    result = judge(*energies(power=power, scatter=scatter))
    assert result.evidence["exponent_half_width"] == pytest.approx(1.242 * scatter, rel=1e-3)
    assert result.status is status


def test_a_sound_potential_converges(measured, sound):
    subject = sound(probes=SHORT)
    result = measured(CHECK, subject)
    assert result.status is Status.PASS
    assert result.value == pytest.approx(2.0, abs=0.1)
    record = subject.store.read(CHECK.id).record(Record)
    total_ev = record.total_ev
    # One start: the same energy; and each fourth of the consecutive steps is a row of the table.
    np.testing.assert_allclose(total_ev[:, :, 0], total_ev[:, :1, 0] + np.zeros(3), atol=1e-9)
    np.testing.assert_array_equal(record.noise_total_ev[::4], total_ev[0, 0, :50])
    assert len(total_ev) >= 3


def test_another_seed_gives_the_same_verdict(measured, sound):
    assert measured(CHECK, sound(probes=SHORT, seed=2)).status is Status.PASS


def test_an_energy_that_is_not_the_forces_own_does_not_converge(measured, faulty):
    result = measured(CHECK, faulty("scaled energy", probes=SHORT))
    assert result.status is Status.FAIL
    assert result.value < 0.5


def test_where_the_langevin_run_broke_it_is_skipped(measured, faulty):
    assert measured(CHECK, faulty("weak bonds")).status is Status.SKIPPED
