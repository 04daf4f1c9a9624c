from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.report.html.charts.timesteps import convergence_chart, velocity_chart
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.shared import Samples
from openmm_mlff.storage.typed import to_tables
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

STEPS_FS = np.array([0.25, 0.5, 1.0])


def with_record(observations, name, record):
    data, arrays = to_tables(record)
    stored = Measurement(name, "done", data=data, arrays=arrays)
    return replace(observations, measurements={name: stored})


def test_a_spread_that_goes_as_the_square_lies_on_the_line(make_observations):
    time_ps = 0.001 * np.arange(500)
    total_ev = np.outer(3e-4 * STEPS_FS**2, np.sin(2.0 * np.pi * time_ps / 0.01))
    record = Record(
        timesteps_fs=STEPS_FS,
        time_ps=time_ps,
        potential_ev=total_ev[None],
        kinetic_ev=np.zeros_like(total_ev[None]),
        noise_total_ev=np.zeros(9),
        n_atoms=3,
        failures=("", "", ""),
    )
    observations = with_record(make_observations(), "timestep_convergence", record)
    square, measured = convergence_chart(observations, result=None).traces
    # 0.3 meV of amplitude at 1 fs, over three atoms.
    assert measured["y"] == pytest.approx(0.1 / np.sqrt(2.0) * STEPS_FS**2, rel=1e-3)
    on_line = np.exp(np.interp(np.log(STEPS_FS), np.log(square["x"]), np.log(square["y"])))
    assert on_line == pytest.approx(measured["y"], rel=1e-3)
    assert convergence_chart(make_observations(measurements={}), result=None) is None


def test_right_velocities_lie_on_the_curve(make_observations):
    observations = make_observations()
    system = observations.system
    thermal = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2
    widths = np.sqrt(thermal / system.masses_amu)[:, None]
    velocities = np.random.default_rng(1).normal(size=(4000, system.n_atoms, 3)) * widths
    record = Samples(
        positions_angstrom=np.zeros_like(velocities),
        velocities_angstrom_per_ps=velocities,
        time_ps=np.arange(len(velocities), dtype=float),
        masses_amu=system.masses_amu,
        constrained=np.zeros(system.n_atoms, dtype=bool),
        symbols=system.symbols,
        degrees_of_freedom=3 * system.n_atoms,
        temperature_kelvin=300.0,
    )
    sampled = with_record(observations, "samples", record)
    hydrogen, oxygen, normal = velocity_chart(sampled, result=None).traces
    assert (hydrogen["name"], oxygen["name"]) == ("H", "O")
    for trace in (hydrogen, oxygen):
        assert np.abs(np.array(trace["y"]) - normal["y"]).max() < 0.05
    assert velocity_chart(make_observations(measurements={}), result=None) is None
