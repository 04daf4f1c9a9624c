from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.molecules import inertia_tensor, load_system
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import MomentumSeries, RunFailure
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

THERMAL_AMU_ANGSTROM2_PER_PS2 = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2
TORN = {"completed_ps": 5.0, "failure": RunFailure("unstable", "torn", 5.0)}
AT_ONCE = {
    "momenta": MomentumSeries(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty(0)),
    "completed_ps": 0.0,
    "failure": RunFailure("unstable", "torn", -0.1),
}


def with_momenta(run, *, linear=0.0, angular=0.0):
    """Momenta that start anywhere and change by these much, at one row, in one direction."""
    rows = len(run.momenta.time_ps)
    p, l = np.full((rows, 3), 7.0), np.full((rows, 3), -3.0)  # noqa: E741
    p[1200, 1] += linear
    l[700, 2] -= angular
    return replace(run, momenta=replace(run.momenta, linear=p, angular=l))


def inertia_trace(system):
    return np.trace(inertia_tensor(system.positions_angstrom, masses_amu=system.masses_amu))


@pytest.mark.parametrize(("change", "status"), [(0.9e-3, Status.PASS), (1.1e-3, Status.FAIL)])
@pytest.mark.parametrize("kind", ["linear", "angular"])
def test_a_planted_change_is_found(judge_runs, water, make_run, kind, change, status):
    scale = {"linear": water.masses_amu.sum(), "angular": inertia_trace(water)}[kind]
    planted = change * np.sqrt(THERMAL_AMU_ANGSTROM2_PER_PS2 * scale)
    bad = with_momenta(make_run(water, replica=1), **{kind: planted})
    judgement = judge_runs(make_run(water), bad)
    assert judgement.status is status
    assert judgement.value == pytest.approx(change)
    assert f"{kind} momentum" in judgement.clause


def test_inertia_is_that_of_the_first_frame(judge_runs, water, make_run):
    run = with_momenta(make_run(water), angular=1e-2)
    wide = replace(run.trajectory, positions_angstrom=2.0 * run.trajectory.positions_angstrom)
    found = [judge_runs(replace(run, trajectory=one)).value for one in (run.trajectory, wide, None)]
    assert found == pytest.approx(found[0] * np.array([1.0, 0.5, 1.0]))


@pytest.mark.parametrize("is_box", [False, True])
def test_what_does_not_rotate_has_linear_momentum_only(judge_runs, make_run, water, argon, is_box):
    system = load_system("argon_108") if is_box else argon
    run = with_momenta(make_run(water, trajectory=None), angular=500.0)
    judgement = judge_runs(run, system=system)
    assert judgement.status is Status.PASS
    assert set(judgement.evidence["changes_by_run"][run.name]) == {"linear"}


@pytest.mark.parametrize(
    ("change", "run", "status"),
    [
        ({"linear": np.nan}, {}, Status.FAIL),
        # What broke may fail.
        ({"angular": 10.0}, TORN, Status.FAIL),
        (None, AT_ONCE, Status.INCONCLUSIVE),
    ],
)
def test_numbers_that_are_lost(judge_runs, water, make_run, change, run, status):
    run = make_run(water, **run)
    assert judge_runs(run if change is None else with_momenta(run, **change)).status is status


def test_a_torque_changes_the_angular_momentum(measured, faulty):
    result = measured(faulty("torque"))
    assert result.status is Status.FAIL
    (changes,) = result.evidence["changes_by_run"].values()
    assert changes["angular"] > result.threshold
