from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.observations import ProbeObservations
from openmm_mlff.report.html.charts.timesteps import convergence_chart, velocity_chart
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

STEPS_FS = np.array([0.25, 0.5, 1.0])


def with_probe(observations, name, *, data=None, **arrays):
    probe = ProbeObservations(name, "done", data=data or {}, arrays=arrays)
    return replace(observations, probes={name: probe})


def test_a_spread_that_goes_as_the_square_lies_on_the_line(make_observations):
    time_ps = 0.001 * np.arange(500)
    total_ev = np.outer(3e-4 * STEPS_FS**2, np.sin(2.0 * np.pi * time_ps / 0.01))
    observations = with_probe(
        make_observations(),
        "timestep_convergence",
        timesteps_fs=STEPS_FS,
        time_ps=time_ps,
        total_ev=total_ev,
    )
    square, measured = convergence_chart(observations, result=None).traces
    # 0.3 meV of amplitude at 1 fs, over three atoms.
    assert measured["y"] == pytest.approx(0.1 / np.sqrt(2.0) * STEPS_FS**2, rel=1e-3)
    on_line = np.exp(np.interp(np.log(STEPS_FS), np.log(square["x"]), np.log(square["y"])))
    assert on_line == pytest.approx(measured["y"], rel=1e-3)
    assert convergence_chart(make_observations(probes={}), result=None) is None


def test_right_velocities_lie_on_the_curve(make_observations):
    observations = make_observations()
    system = observations.system
    thermal = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2
    widths = np.sqrt(thermal / system.masses_amu)[:, None]
    velocities = np.random.default_rng(1).normal(size=(4000, system.n_atoms, 3)) * widths
    sampled = with_probe(
        observations,
        "kinetic_distribution",
        data={"temperature_kelvin": 300.0},
        velocities_angstrom_per_ps=velocities,
        masses_amu=system.masses_amu,
    )
    hydrogen, oxygen, normal = velocity_chart(sampled, result=None).traces
    assert (hydrogen["name"], oxygen["name"]) == ("H", "O")
    for trace in (hydrogen, oxygen):
        assert np.abs(np.array(trace["y"]) - normal["y"]).max() < 0.05
    assert velocity_chart(make_observations(probes={}), result=None) is None
