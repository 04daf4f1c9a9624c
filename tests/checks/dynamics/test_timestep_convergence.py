import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record, noise, safe_timestep_fs
from openmm_mlff.results import Status

TIMESTEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)
OMEGA_PER_PS = 2 * np.pi * 220.0
"""Of the energy of an O–H bond: twice its vibration."""

STARTS = 3
# p = 1.6 where 256 s² + x² = 84.4 (s² + x²), for s = 1e-3 · 0.25² eV/√2.
LEAST_EV = 1.43 * 1e-3 * 0.0625 / np.sqrt(2)
SHORT = {"convergence_ps": 0.05, "sampling_ps": 0.3}


def energies(
    *, amplitude_ev=1e-3, power=2.0, error_ev=0.0, noise_ev=0.0, scatter=0.0, starts=STARTS
):
    """Total energy of leapfrog from each start at three timesteps, and of steps in a row.

    A ripple that goes as a power of the timestep, an error of the surface that does not depend on
    it, and white noise.  The power of the starts is spread evenly over ``scatter`` about its mean.
    """
    rng = np.random.default_rng(0)
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


TOTAL_EV, IN_A_ROW_EV = energies()
STILL = np.zeros_like(TOTAL_EV)


@pytest.fixture
def judge_energies(judge):
    def call(total_ev, in_a_row, *, kinetic_ev=None):
        rows = total_ev.shape[-1]
        if kinetic_ev is None:
            kinetic_ev = 0.05 * np.sin(OMEGA_PER_PS * TIME_PS[:rows])
        kinetic_ev = np.broadcast_to(kinetic_ev, total_ev.shape)
        return judge(
            Record(
                timesteps_fs=TIMESTEPS_FS,
                time_ps=TIME_PS[:rows],
                potential_ev=total_ev - kinetic_ev,
                kinetic_ev=kinetic_ev,
                noise_total_ev=in_a_row,
                n_atoms=3,
                failures=("", "", ""),
            )
        )

    return call


@pytest.mark.parametrize(
    ("settings", "status", "exponent", "safe_fs"),
    [
        # σ_E/σ_K = 0.02 dt², in fs: 0.05 lies at √2.5 fs, beyond what was run; and 0.2 dt² = 0.05.
        ({}, Status.PASS, 2.0, 1.0),
        ({"amplitude_ev": 1e-2}, Status.PASS, 2.0, 0.5),
        ({"power": 1.5}, Status.FAIL, 1.5, None),
        ({"power": 2.5}, Status.FAIL, 2.5, None),
        # The plateaus ±x have a spread of 0.98 x.
        ({"error_ev": 0.95 * LEAST_EV}, Status.PASS, 1.6, 1.0),
        ({"error_ev": 1.1 * LEAST_EV}, Status.FAIL, 1.6, None),
        ({"error_ev": 100 * LEAST_EV}, Status.FAIL, 0.0, None),
    ],
)
def test_errors_fall_as_the_timestep_squared(judge_energies, settings, status, exponent, safe_fs):
    judgement = judge_energies(*energies(**settings))
    assert judgement.status is status
    assert judgement.value == pytest.approx(exponent, abs=0.1)
    evidence = judgement.evidence
    assert evidence["exponent_half_width"] == pytest.approx(0.0, abs=1e-9)
    assert evidence.get("largest_safe_timestep_fs") == pytest.approx(safe_fs)
    if not settings:
        assert "from 0.25 to 1 fs" in judgement.clause


def test_noise_is_told_from_the_motion():
    jump = np.where(np.arange(200) < 100, 0.0, 0.1)
    for clean in (IN_A_ROW_EV, IN_A_ROW_EV + jump):
        assert noise(clean) < 2e-3 * 1e-3 * 0.0625
    assert noise(energies(noise_ev=1e-5)[1]) == pytest.approx(1e-5, rel=0.3)
    assert noise(np.full(5, 1.0)) == np.inf


def test_noise_at_the_shortest_timestep_leaves_the_upper_pair(judge_energies):
    judgement = judge_energies(*energies(noise_ev=5e-5))
    assert judgement.status is Status.PASS
    assert "from 0.5 to 1 fs" in judgement.clause


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"noise_ev": 8e-5}, Status.PASS),
        ({"noise_ev": 1e-4, "error_ev": 1.5e-4}, Status.INCONCLUSIVE),
    ],
)
def test_noise_at_all_but_the_longest_can_only_pass(judge_energies, settings, status):
    # σ at 0.5 fs is 1.8e-4 eV, at 1 fs 7e-4: within three times the noise, and beyond.
    assert judge_energies(*energies(**settings)).status is status


@pytest.mark.parametrize(
    ("found", "kinetic_ev"),
    [
        (energies(noise_ev=1e-2), None),
        ((STILL, np.zeros(200)), STILL),
        ((TOTAL_EV[..., :10], IN_A_ROW_EV), None),
        (energies(starts=1), None),
    ],
    ids=["noise", "no motion", "few rows", "one start"],
)
def test_too_little_decides_nothing(judge_energies, found, kinetic_ev):
    assert judge_energies(*found, kinetic_ev=kinetic_ev).status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    ("run", "status"), [(0, Status.FAIL), (1, Status.FAIL), (2, Status.INCONCLUSIVE)]
)
def test_a_run_that_broke(judge_energies, run, status):
    total_ev = TOTAL_EV.copy()
    total_ev[0, run, 300:] = np.nan
    judgement = judge_energies(total_ev, IN_A_ROW_EV)
    assert judgement.status is status
    assert f"{TIMESTEPS_FS[run]:g} fs failed" in judgement.clause


@pytest.mark.parametrize("ratio", [0.1, np.inf])
def test_a_law_that_does_not_rise_has_no_safe_timestep(ratio):
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
def test_the_interval_over_the_starts_decides(judge_energies, power, scatter, status):
    judgement = judge_energies(*energies(power=power, scatter=scatter))
    half_width = judgement.evidence["exponent_half_width"]
    assert half_width == pytest.approx(1.242 * scatter, rel=1e-3)
    assert judgement.status is status


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sound_potential_converges(measured, sound, seed):
    subject = sound(probes=SHORT, seed=seed)
    result = measured(subject)
    assert result.status is Status.PASS
    assert result.value == pytest.approx(2.0, abs=0.1)
    record = subject.store.read("timestep_convergence").record(Record)
    total_ev = record.total_ev
    # One start: the same energy; and each fourth of the consecutive steps is a row of the table.
    np.testing.assert_allclose(total_ev[:, :, 0], total_ev[:, :1, 0] + np.zeros(3), atol=1e-9)
    np.testing.assert_array_equal(record.noise_total_ev[::4], total_ev[0, 0, :50])
    assert len(total_ev) >= 3
