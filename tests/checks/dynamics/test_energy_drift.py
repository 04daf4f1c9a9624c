from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import EnergySeries, RunFailure

TIME_PS = np.arange(1, 2001) * 0.005
MEV_PER_ATOM = 3e-3
"""1 meV/atom of water, in eV."""


def drifting(slope, *, sigma=0.13, seed=2):
    """Total energy with a slope in meV/atom/ps and white noise of sigma meV/atom."""
    noise = sigma * np.random.default_rng(seed).normal(size=len(TIME_PS))
    return -140.0 + MEV_PER_ATOM * (slope * TIME_PS + noise)


def beating(amplitude, period_ps):
    return -140.0 + MEV_PER_ATOM * amplitude * np.sin(2 * np.pi * TIME_PS / period_ps + 1.0)


def lost_at(row, value=np.nan, slope=0.0):
    total_ev = drifting(slope)
    total_ev[row:] = value
    return total_ev


BROKE = {"completed_ps": 5.0, "failure": RunFailure("unstable", "torn", 5.0)}
AT_ONCE = {
    "energies": EnergySeries(*[np.empty(0)] * 5),
    "completed_ps": 0.0,
    "failure": RunFailure("unstable", "torn", -0.1),
}


@pytest.mark.parametrize(
    ("run", "status", "slope"),
    [
        ({"total_ev": drifting(0.0)}, Status.PASS, 0.0),
        ({"total_ev": drifting(0.2)}, Status.FAIL, 0.2),
        ({"total_ev": drifting(-0.2)}, Status.FAIL, -0.2),
        ({"total_ev": drifting(0.1)}, Status.INCONCLUSIVE, 0.1),
        # An integrator's slow beat is no drift, and a picosecond of a large one decides nothing.
        ({"total_ev": beating(0.18, 3.7)}, Status.PASS, None),
        ({"total_ev": beating(1.0, 0.8)[:200], "duration_ps": 1.0}, Status.INCONCLUSIVE, None),
        # Nor does a change smaller than the fluctuations, which may be a step; a larger one does.
        ({"total_ev": drifting(0.4)[:200], "duration_ps": 1.0}, Status.INCONCLUSIVE, None),
        ({"total_ev": drifting(1.5)[:200], "duration_ps": 1.0}, Status.FAIL, None),
        ({"total_ev": lost_at(1500)}, Status.FAIL, None),
        # What broke may fail and cannot pass.
        ({"total_ev": lost_at(1000, np.inf), **BROKE}, Status.INCONCLUSIVE, None),
        ({"total_ev": lost_at(1000, np.inf, slope=0.5), **BROKE}, Status.FAIL, None),
        ({"duration_ps": 0.05}, Status.INCONCLUSIVE, None),
        (AT_ONCE, Status.INCONCLUSIVE, None),
    ],
)
def test_the_slope_and_its_interval_decide(judge_runs, water, make_run, run, status, slope):
    judgement = judge_runs(make_run(water, **run))
    assert judgement.status is status
    if slope is not None:
        assert judgement.value == pytest.approx(abs(slope), abs=0.01)
        assert judgement.evidence["slope_mev_per_atom_per_ps"] == pytest.approx(slope, abs=0.01)
        # White noise of 2000 rows: 1.96 √(12/n) σ/T.
        exact = 1.96 * np.sqrt(12 / 2000) * 0.13 / 10.0
        half_width = judgement.evidence["interval_mev_per_atom_per_ps"]
        assert half_width == pytest.approx(exact, rel=0.2)


def test_an_exact_morse_oscillator_does_not_drift(judge_runs, water, make_run):
    """e^{a x(t)} = (1 + √ε sin ωt)/(1 − ε), with ε = E/D and ω = a √(2 D (1 − ε)/μ).

    The kinetic energy is from the velocity, so that the sum tests the solution.
    """
    depth_ev, a_per_angstrom, epsilon, omega_per_ps = 4.5, 2.0, 0.1, 300.0
    # μ in eV ps²/Å² from ω.
    mass = 2 * depth_ev * (1 - epsilon) * a_per_angstrom**2 / omega_per_ps**2
    swing = np.sqrt(epsilon) * np.sin(omega_per_ps * TIME_PS)
    velocity = np.sqrt(epsilon) * omega_per_ps * np.cos(omega_per_ps * TIME_PS)
    velocity /= (1 + swing) * a_per_angstrom
    potential_ev = depth_ev * (1 - (1 - epsilon) / (1 + swing)) ** 2
    kinetic_ev = 0.5 * mass * velocity**2
    total_ev = potential_ev + kinetic_ev
    np.testing.assert_allclose(total_ev, epsilon * depth_ev, rtol=1e-12)
    energies = EnergySeries(TIME_PS, potential_ev, kinetic_ev, total_ev, np.full(2000, 300.0))
    judgement = judge_runs(replace(make_run(water), energies=energies))
    assert judgement.status is Status.PASS
    assert judgement.value == pytest.approx(0.0, abs=1e-10)
    assert judgement.evidence["conservation_ratio"] == pytest.approx(1.0)


def test_the_seeds_numbers_stand_in_the_evidence(judge_runs, water, make_run):
    total_ev = drifting(0.5, sigma=0.0)
    run = make_run(water, total_ev=total_ev)
    evidence = judge_runs(run).evidence
    drift_ev = total_ev[-1] - total_ev[0]
    assert evidence["drift_ratio"] == pytest.approx(drift_ev / run.energies.kinetic_ev.std())
    assert evidence["drift_percent_of_initial"] == pytest.approx(100 * drift_ev / 140.0, rel=1e-4)
    assert evidence["conservation_ratio"] == pytest.approx(1 - total_ev.std() / 140.0, rel=1e-6)


@pytest.mark.parametrize(("slope", "status"), [(0.05, Status.PASS), (0.08, Status.FAIL)])
def test_the_whole_of_a_large_system_is_judged_too(judge_runs, water, make_run, slope, status):
    atoms, spread_ev = 1500, 0.9
    large = MolecularSystem("large", np.full(atoms, 18), np.arange(3.0 * atoms).reshape(-1, 3))
    kinetic_ev = 60.0 + spread_ev * np.sqrt(2.0) * np.sin(40.0 * TIME_PS)
    total_ev = -100.0 + 1e-3 * atoms * slope * TIME_PS
    energies = EnergySeries(TIME_PS, total_ev - kinetic_ev, kinetic_ev, total_ev, 0.0 * TIME_PS)
    judgement = judge_runs(make_run(water, trajectory=None, energies=energies), system=large)
    # Within the limit per atom; 0.08 meV/atom/ps are 1.2 eV in 10 ps: 1.33 σ.
    assert judgement.status is status
    assert (judgement.threshold, judgement.unit) == (1.0, "ratio")
    assert judgement.value == pytest.approx(slope * 1e-3 * atoms * 9.995 / spread_ev, rel=0.01)


def test_replicas_narrow_the_interval_and_do_not_cancel(judge_runs, water, make_run):
    def replicas(*totals_ev):
        return [make_run(water, replica=k, total_ev=total) for k, total in enumerate(totals_ev)]

    runs = replicas(*(drifting(0.03, seed=k, sigma=1.0) for k in range(3)))
    alone, averaged = judge_runs(runs[0]), judge_runs(*runs)
    assert averaged.status is Status.PASS
    name = "interval_mev_per_atom_per_ps"
    assert averaged.evidence[name] < 0.8 * alone.evidence[name]
    up_and_down = judge_runs(*replicas(drifting(0.3), drifting(-0.3)))
    assert up_and_down.status is Status.FAIL
    assert "in nve_300K_0.5fs_r0" in up_and_down.clause
