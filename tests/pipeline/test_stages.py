"""What the stages hand to one another."""

import numpy as np

from openmm_mlff.molecules import load_system
from openmm_mlff.observations import Observations, RunCondition, RunObservations
from openmm_mlff.observations.model import EnergySeries, MomentumSeries, RunFailure
from openmm_mlff.observations.trajectory import analyse_trajectory
from openmm_mlff.pipeline.stages import _is_whole, thermal_frames

WATER = load_system("water")


def run_with(n_frames: int, *, failure=None) -> RunObservations:
    time_ps = 0.004 * np.arange(1, n_frames + 1)
    shifts = 0.001 * np.arange(n_frames)[:, None, None]
    trajectory = analyse_trajectory(
        (WATER.positions_angstrom + shifts).astype(np.float32), system=WATER, time_ps=time_ps
    )
    nothing = np.empty(0)
    return RunObservations(
        name="nve_300K_0.5fs_r0",
        condition=RunCondition("nve", 300.0, 0.5),
        replica=0,
        requested_ps=1.0,
        completed_ps=1.0,
        energies=EnergySeries(*[nothing] * 5),
        momenta=MomentumSeries(nothing, np.empty((0, 3)), np.empty((0, 3)), nothing),
        trajectory=trajectory,
        failure=failure,
    )


def test_thermal_frames_are_spread_over_the_run():
    frames = thermal_frames(Observations(system=WATER, runs=(run_with(100),)), count=10)
    assert frames.shape == (10, 3, 3)
    assert frames.dtype == np.float64
    at = (frames[:, 0, 0] - WATER.positions_angstrom[0, 0]) / 0.001
    np.testing.assert_allclose(at, np.linspace(0, 99, 11)[1:].round(), atol=1e-2)


def test_a_short_run_gives_what_it_has():
    frames = thermal_frames(Observations(system=WATER, runs=(run_with(3),)), count=10)
    assert len(frames) == 2


def test_a_run_that_went_wrong_gives_no_frame():
    torn = run_with(50, failure=RunFailure("unstable", "a bond tore", 0.1))
    assert thermal_frames(Observations(system=WATER, runs=(torn,)), count=10) is None


def test_a_minimum_that_came_apart_is_no_longer_the_molecule():
    apart = WATER.positions_angstrom.copy()
    apart[1] *= 3.0
    assert _is_whole(WATER, WATER)
    assert not _is_whole(WATER, WATER.with_positions(apart))
