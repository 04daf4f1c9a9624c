from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.momentum_conservation import CHECK
from openmm_mlff.molecules import MolecularSystem, inertia_tensor, load_system
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import MomentumSeries, RunFailure
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

THERMAL_AMU_ANGSTROM2_PER_PS2 = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2


@pytest.fixture
def judge(judge_runs):
    return judge_runs(CHECK)


def with_momenta(run, *, linear=0.0, angular=0.0):
    """Momenta that start anywhere and change by these much, at one row, in one direction."""
    rows = len(run.momenta.time_ps)
    p, l = np.full((rows, 3), 7.0), np.full((rows, 3), -3.0)  # noqa: E741
    p[1200, 1] += linear
    l[700, 2] -= angular
    return replace(run, momenta=replace(run.momenta, linear=p, angular=l))


def inertia_trace(positions_angstrom, *, masses_amu):
    return float(np.trace(inertia_tensor(positions_angstrom, masses_amu=masses_amu)))


def test_the_scale_is_the_thermal_angular_momentum(water):
    # ⟨L²⟩ = kT tr I about the centre of mass, from Maxwell's velocities.
    rng = np.random.default_rng(1)
    masses = water.masses_amu
    velocities = rng.normal(size=(20000, 3, 3))
    velocities *= np.sqrt(THERMAL_AMU_ANGSTROM2_PER_PS2 / masses)[:, None]
    centre = np.average(water.positions_angstrom, axis=0, weights=masses)
    arms = water.positions_angstrom - centre
    angular = np.sum(masses[:, None] * np.cross(arms, velocities), axis=1)
    exact = THERMAL_AMU_ANGSTROM2_PER_PS2 * inertia_trace(
        water.positions_angstrom, masses_amu=masses
    )
    assert np.mean(np.sum(angular**2, axis=1)) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize(("change", "status"), [(0.9e-3, Status.PASS), (1.1e-3, Status.FAIL)])
@pytest.mark.parametrize("kind", ["linear", "angular"])
def test_a_planted_change_is_found(judge, water, make_run, kind, change, status):
    scale = {
        "linear": water.masses_amu.sum(),
        "angular": inertia_trace(water.positions_angstrom, masses_amu=water.masses_amu),
    }[kind]
    planted = change * np.sqrt(THERMAL_AMU_ANGSTROM2_PER_PS2 * scale)
    result = judge(water, with_momenta(make_run(water), **{kind: planted}))
    assert result.status is status
    assert result.value == pytest.approx(change)
    assert f"{kind} momentum" in result.message


def test_the_worst_replica_counts(judge, water, make_run):
    good, bad = make_run(water), with_momenta(make_run(water, replica=1), angular=100.0)
    result = judge(water, good, bad)
    assert result.status is Status.FAIL
    assert result.evidence["changes_by_run"][good.name]["angular"] == 0.0


def test_a_momentum_that_is_not_finite_fails(judge, water, make_run):
    assert judge(water, with_momenta(make_run(water), linear=np.nan)).status is Status.FAIL


def test_inertia_is_that_of_the_first_frame(judge, water, make_run):
    run = with_momenta(make_run(water), angular=1e-2)
    wide = replace(run.trajectory, positions_angstrom=2.0 * run.trajectory.positions_angstrom)
    assert judge(water, replace(run, trajectory=wide)).value == pytest.approx(
        judge(water, run).value / 2
    )
    assert judge(water, replace(run, trajectory=None)).value == pytest.approx(
        judge(water, run).value
    )


ATOM = MolecularSystem("neon", np.array([10]), np.zeros((1, 3)))


@pytest.mark.parametrize("system", [ATOM, load_system("argon_108")], ids=["atom", "box"])
def test_what_does_not_rotate_is_judged_on_its_linear_momentum(judge, make_run, water, system):
    run = with_momenta(make_run(water, trajectory=None), angular=500.0)
    result = judge(system, run)
    assert result.status is Status.PASS
    assert set(result.evidence["changes_by_run"][run.name]) == {"linear"}


@pytest.mark.parametrize(("angular", "status"), [(0.0, Status.INCONCLUSIVE), (10.0, Status.FAIL)])
def test_a_run_that_broke_may_fail_and_cannot_pass(judge, water, make_run, angular, status):
    run = make_run(water, completed_ps=5.0, failure=RunFailure("unstable", "torn", 5.0))
    assert judge(water, with_momenta(run, angular=angular)).status is status


def test_a_run_that_broke_at_once_decides_nothing(judge, water, make_run):
    empty = MomentumSeries(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0))
    run = make_run(
        water, momenta=empty, completed_ps=0.0, failure=RunFailure("unstable", "torn", -0.1)
    )
    assert judge(water, run).status is Status.INCONCLUSIVE


def test_a_sound_potential_passes(measured, sound):
    result = measured(CHECK, sound())
    assert result.status is Status.PASS
    assert result.value < 1e-9


@pytest.mark.parametrize(("fault", "kind"), [("constant pull", "linear"), ("torque", "angular")])
def test_a_potential_that_loses_momentum_fails(measured, faulty, fault, kind):
    result = measured(CHECK, faulty(fault))
    assert result.status is Status.FAIL
    (changes,) = result.evidence["changes_by_run"].values()
    assert changes[kind] > result.threshold
