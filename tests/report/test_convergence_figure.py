from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.report.convergence_figure import convergence_figure
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables

STEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)


def converging(observations, *, exponent=2.0, **arrays):
    """Total energies that swing by 0.5 fs's size at 0.5 fs, and with some power of the step."""
    swing = np.sin(2.0 * np.pi * TIME_PS / 0.01)
    sizes = 3e-4 * (STEPS_FS / 0.5) ** exponent
    total_ev = np.outer(sizes, swing) - 9.0
    record = Record(
        timesteps_fs=STEPS_FS,
        time_ps=TIME_PS,
        potential_ev=total_ev[None],
        kinetic_ev=np.zeros_like(total_ev[None]),
        noise_total_ev=np.zeros(9),
        n_atoms=observations.system.n_atoms,
        failures=("",) * len(STEPS_FS),
    )
    data, found = to_tables(record)
    stored = Measurement("timestep_convergence", "done", data=data, arrays=found | arrays)
    return replace(observations, measurements={stored.name: stored}, condition=None)


def test_a_spread_that_goes_as_the_square_lies_on_the_line(
    make_observations, make_result, figures, tmp_path, png_inches
):
    result = make_result("timestep_convergence", status=Status.PASS, message="It converges.")
    record = convergence_figure(
        converging(make_observations()), path=tmp_path / "c.png", result=result
    )
    assert png_inches(record.path) == pytest.approx((7.0, 2.6), abs=0.01)
    course, spread = figures[0].axes
    assert len(course.lines) == 3
    line, *points = spread.lines
    at = [float(point.get_xdata()[0]) for point in points]
    sizes = [float(point.get_ydata()[0]) for point in points]
    assert at == pytest.approx(STEPS_FS)
    # 0.3 meV of amplitude over three atoms.
    assert sizes[1] == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-3)
    slope = np.diff(np.log(line.get_ydata())) / np.diff(np.log(line.get_xdata()))
    assert slope == pytest.approx([2.0])
    on_line = np.exp(np.interp(np.log(at), np.log(line.get_xdata()), np.log(line.get_ydata())))
    assert sizes == pytest.approx(on_line)
    assert "It converges. (✔ PASS)" in record.caption


def test_a_timestep_at_which_the_run_broke_is_left_out(make_observations, figures, tmp_path):
    observations = converging(make_observations())
    total_ev = observations.measurements["timestep_convergence"].arrays["potential_ev"].copy()
    total_ev[0, 2, 1:] = np.nan
    record = convergence_figure(
        converging(make_observations(), potential_ev=total_ev), path=tmp_path / "c.png", result=None
    )
    assert len(figures[0].axes[0].lines) == 2
    assert "at 1 fs" not in record.caption


def test_energies_conserved_to_the_last_bit_are_drawn(make_observations, tmp_path):
    observations = converging(make_observations(), potential_ev=np.full((1, 3, 500), -9.0))
    assert convergence_figure(observations, path=tmp_path / "c.png", result=None) is not None


@pytest.mark.parametrize(
    "arrays",
    [
        {"potential_ev": np.full((1, 3, 500), np.nan)},
        {"potential_ev": np.zeros((1, 3, 4))},
        {
            "potential_ev": np.pad(
                np.zeros((1, 1, 500)), ((0, 0), (0, 2), (0, 0)), constant_values=np.nan
            )
        },
    ],
    ids=["nan", "shorter", "one timestep"],
)
def test_what_cannot_be_compared_is_not_drawn(make_observations, tmp_path, arrays):
    observations = converging(make_observations(), **arrays)
    assert convergence_figure(observations, path=tmp_path / "c.png", result=None) is None


def test_without_the_measurement_there_is_no_figure(make_observations, tmp_path):
    assert convergence_figure(make_observations(), path=tmp_path / "c.png", result=None) is None
