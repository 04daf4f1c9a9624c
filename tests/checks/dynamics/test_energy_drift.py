from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.energy_drift import CHECK
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import EnergySeries, RunFailure

TIME_PS = np.arange(1, 2001) * 0.005
MEV_PER_ATOM = 3e-3
"""1 meV/atom of water, in eV."""


@pytest.fixture
def judge(judge_runs):
    return judge_runs(CHECK)


def drifting(slope, *, sigma=0.13, seed=2):
    """Total energy with a slope in meV/atom/ps and white noise of sigma meV/atom."""
    noise = sigma * np.random.default_rng(seed).normal(size=len(TIME_PS))
    return -140.0 + MEV_PER_ATOM * (slope * TIME_PS + noise)


def morse_energies():
    """Potential and kinetic energy of a Morse oscillator, from its exact solution, eV.

    e^{a x(t)} = (1 + √ε sin ωt)/(1 − ε), with ε = E/D and ω = a √(2 D (1 − ε)/μ); the kinetic
    energy is from the velocity, so that their sum tests the solution.
    """
    depth_ev, a_per_angstrom, epsilon, omega_per_ps = 4.5, 2.0, 0.1, 300.0
    # μ in eV ps²/Å² from ω.
    mass = 2 * depth_ev * (1 - epsilon) * a_per_angstrom**2 / omega_per_ps**2
    swing = np.sqrt(epsilon) * np.sin(omega_per_ps * TIME_PS)
    stretch = (1 + swing) / (1 - epsilon)
    velocity = np.sqrt(epsilon) * omega_per_ps * np.cos(omega_per_ps * TIME_PS)
    velocity /= (1 + swing) * a_per_angstrom
    return depth_ev * (1 - 1 / stretch) ** 2, 0.5 * mass * velocity**2, epsilon * depth_ev


def harmonic_energies():
    """The same of a harmonic oscillator of 0.45 eV."""
    phase = 300.0 * TIME_PS
    return 0.45 * np.sin(phase) ** 2, 0.45 * np.cos(phase) ** 2, 0.45


@pytest.mark.parametrize("solution", [harmonic_energies, morse_energies])
def test_an_exact_oscillator_does_not_drift(judge, water, make_run, solution):
    potential_ev, kinetic_ev, exact_ev = solution()
    total_ev = potential_ev + kinetic_ev
    np.testing.assert_allclose(total_ev, exact_ev, rtol=1e-12)
    energies = EnergySeries(TIME_PS, potential_ev, kinetic_ev, total_ev, np.full(2000, 300.0))
    result = judge(water, replace(make_run(water), energies=energies))
    assert result.status is Status.PASS
    assert result.value == pytest.approx(0.0, abs=1e-10)
    assert result.evidence["conservation_ratio"] == pytest.approx(1.0)


def test_known_noise_is_found_and_passes(judge, water, make_run):
    result = judge(water, make_run(water, total_ev=drifting(0.0)))
    assert result.status is Status.PASS
    # White noise of 2000 rows: 1.96 √(12/n) σ/T.
    exact = 1.96 * np.sqrt(12 / 2000) * 0.13 / 10.0
    assert result.evidence["interval_mev_per_atom_per_ps"] == pytest.approx(exact, rel=0.2)


@pytest.mark.parametrize("slope", [0.2, -0.2])
def test_a_planted_drift_fails_with_its_slope(judge, water, make_run, slope):
    result = judge(water, make_run(water, total_ev=drifting(slope)))
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(0.2, abs=0.01)
    assert result.evidence["slope_mev_per_atom_per_ps"] == pytest.approx(slope, abs=0.01)
    assert "meV/atom/ps (95 %) (limit 0.1 meV/atom/ps)" in result.message


def test_a_drift_at_the_threshold_is_undecided(judge, water, make_run):
    result = judge(water, make_run(water, total_ev=drifting(0.1)))
    assert result.status is Status.INCONCLUSIVE


def test_an_integrators_slow_beat_is_no_drift(judge, water, make_run):
    beat = -140.0 + MEV_PER_ATOM * 0.18 * np.sin(2 * np.pi * TIME_PS / 3.7 + 1.0)
    result = judge(water, make_run(water, total_ev=beat))
    assert result.status is Status.PASS
    evidence = result.evidence
    assert abs(evidence["slope_mev_per_atom_per_ps"]) < evidence["interval_mev_per_atom_per_ps"]


def test_one_picosecond_of_a_large_beat_decides_nothing(judge, water, make_run):
    beat = -140.0 + MEV_PER_ATOM * np.sin(2 * np.pi * TIME_PS[:200] / 0.8)
    result = judge(water, make_run(water, total_ev=beat, duration_ps=1.0))
    assert result.status is Status.INCONCLUSIVE


def test_the_seeds_numbers_stand_in_the_evidence(judge, water, make_run):
    total_ev = drifting(0.5, sigma=0.0)
    run = make_run(water, total_ev=total_ev)
    evidence = judge(water, run).evidence
    drift_ev = total_ev[-1] - total_ev[0]
    assert evidence["drift_ratio"] == pytest.approx(drift_ev / run.energies.kinetic_ev.std())
    assert evidence["drift_percent_of_initial"] == pytest.approx(100 * drift_ev / 140.0, rel=1e-4)
    assert evidence["conservation_ratio"] == pytest.approx(1 - total_ev.std() / 140.0, rel=1e-6)


def test_the_whole_of_a_large_system_is_judged_too(judge, make_run):
    atoms = 1500
    large = MolecularSystem("large", np.full(atoms, 18), np.arange(3.0 * atoms).reshape(-1, 3))
    spread_ev = 0.9
    kinetic_ev = 60.0 + spread_ev * np.sqrt(2.0) * np.sin(40.0 * TIME_PS)

    def drift(slope):
        total_ev = -100.0 + 1e-3 * atoms * slope * TIME_PS
        return EnergySeries(TIME_PS, total_ev - kinetic_ev, kinetic_ev, total_ev, 0.0 * TIME_PS)

    run = make_run(load_system("water"), trajectory=None)
    # 0.08 meV/atom/ps are within the limit per atom, and 1.2 eV in 10 ps: 1.33 σ.
    result = judge(large, replace(run, energies=drift(0.08)))
    assert result.status is Status.FAIL
    assert (result.threshold, result.unit) == (1.0, "ratio")
    assert result.value == pytest.approx(0.08e-3 * atoms * 9.995 / spread_ev, rel=0.01)
    assert judge(large, replace(run, energies=drift(0.05))).status is Status.PASS


def test_replicas_are_averaged(judge, water, make_run):
    totals_ev = [drifting(0.03, seed=k, sigma=1.0) for k in range(3)]
    runs = [make_run(water, replica=k, total_ev=total) for k, total in enumerate(totals_ev)]
    single = judge(water, runs[0]).evidence["interval_mev_per_atom_per_ps"]
    result = judge(water, *runs)
    assert result.status is Status.PASS
    assert result.evidence["interval_mev_per_atom_per_ps"] < 0.8 * single
    assert len(result.evidence["runs"]) == 3


def test_drifts_up_and_down_do_not_cancel(judge, water, make_run):
    up, down = (make_run(water, replica=k, total_ev=drifting(s)) for k, s in ((0, 0.3), (1, -0.3)))
    result = judge(water, up, down)
    assert result.status is Status.FAIL
    assert "in nve_300K_0.5fs_r0" in result.message


def test_energies_that_are_not_numbers_fail(judge, water, make_run):
    total_ev = drifting(0.0)
    total_ev[1500] = np.nan
    result = judge(water, make_run(water, total_ev=total_ev))
    assert result.status is Status.FAIL
    assert result.value is None
    assert result.evidence["time_ps"] == pytest.approx(7.505)


@pytest.mark.parametrize(("slope", "status"), [(0.0, Status.INCONCLUSIVE), (0.5, Status.FAIL)])
def test_a_run_that_broke_may_fail_and_cannot_pass(judge, water, make_run, slope, status):
    total_ev = drifting(slope)
    total_ev[1000:] = np.inf
    failure = RunFailure("unstable", "torn", 5.0)
    run = make_run(water, total_ev=total_ev, completed_ps=5.0, failure=failure)
    result = judge(water, run)
    assert result.status is status


def test_a_run_of_ten_rows_or_none_decides_nothing(judge, water, make_run):
    assert judge(water, make_run(water, duration_ps=0.05)).status is Status.INCONCLUSIVE
    empty = EnergySeries(*[np.empty(0)] * 5)
    failure = RunFailure("unstable", "torn", -0.1)
    run = make_run(water, energies=empty, completed_ps=0.0, failure=failure)
    assert judge(water, run).status is Status.INCONCLUSIVE


def test_a_sound_potential_passes(measured, sound):
    result = measured(CHECK, sound(dynamics={"duration_ps": 0.5, "longest_ps": 0.5}))
    assert result.status is Status.PASS
    assert result.value < 0.05


def test_a_slow_leak_of_heat_fails(measured, faulty):
    result = measured(CHECK, faulty("drag"))
    assert result.status is Status.FAIL
    # Friction takes energy out: dE/dt = −s dt Σ v².
    assert result.evidence["slope_mev_per_atom_per_ps"] < -0.5
