import numpy as np
import pytest

from openmm_mlff.checks.dynamics.timestep_convergence import Record
from openmm_mlff.report.sampling_plots import plot_timesteps, plot_velocities
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

from .conftest import with_record

STEPS_FS = np.array([0.25, 0.5, 1.0])
TIME_PS = 0.001 * np.arange(500)
# Total energies that oscillate with an amplitude of 0.3 meV at 0.5 fs, growing as the square.
TOTAL_EV = np.outer(3e-4 * (STEPS_FS / 0.5) ** 2, np.sin(2.0 * np.pi * TIME_PS / 0.01)) - 9.0


@pytest.fixture(scope="module")
def converging(make_observations):
    """Make evidence of runs of water at three timesteps."""

    def make(total_ev=TOTAL_EV):
        evidence = make_observations()
        record = Record(
            timesteps_fs=STEPS_FS,
            time_ps=TIME_PS,
            potential_ev=TOTAL_EV[None],
            kinetic_ev=np.zeros((1, *TOTAL_EV.shape)),
            noise_total_ev=np.zeros(9),
            n_atoms=evidence.system.n_atoms,
            failures=("",) * len(STEPS_FS),
        )
        return with_record(evidence, "timestep_convergence", record, potential_ev=total_ev[None])

    return make


@pytest.fixture(scope="module")
def sampled(make_observations):
    """Make Maxwell–Boltzmann velocities of water at 300 K, those of oxygen scaled by a factor."""

    def make(*, samples=4000, factor=1.0, **arrays):
        evidence = make_observations()
        system = evidence.system
        thermal = 300.0 * BOLTZMANN_EV_PER_KELVIN / EV_PER_AMU_ANGSTROM2_PER_PS2
        widths = np.sqrt(thermal / system.masses_amu)
        widths[np.array(system.symbols) == "O"] *= factor
        velocities = np.random.default_rng(1).normal(size=(samples, system.n_atoms, 3))
        record = Samples(
            positions_angstrom=np.zeros_like(velocities),
            velocities_angstrom_per_ps=velocities * widths[:, None],
            time_ps=np.arange(samples, dtype=float),
            masses_amu=system.masses_amu,
            constrained=np.zeros(system.n_atoms, dtype=bool),
            symbols=system.symbols,
            degrees_of_freedom=3 * system.n_atoms,
            temperature_kelvin=300.0,
        )
        return with_record(evidence, "samples", record, **arrays)

    return make


def test_a_spread_that_grows_as_the_square_lies_on_the_line(converging):
    course, spread = plot_timesteps(converging(), None).panels
    assert [line.name for line in course.marks] == ["1 fs", "0.5 fs", "0.25 fs"]
    law, *points = spread.marks
    assert [point.x[0] for point in points] == pytest.approx(STEPS_FS)
    sizes = np.array([point.y[0] for point in points])
    # 0.3 meV over three atoms.
    assert sizes[1] == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-3)
    assert np.diff(np.log(law.y)) / np.diff(np.log(law.x)) == pytest.approx([2.0])
    on_line = np.exp(np.interp(np.log(STEPS_FS), np.log(law.x), np.log(law.y)))
    assert sizes == pytest.approx(on_line)
    assert spread.x.log
    assert spread.x.ticks == pytest.approx(STEPS_FS)
    assert plot_timesteps(converging(np.full((3, 500), -9.0)), None) is not None


@pytest.mark.parametrize(
    ("broken", "drawn"),
    [((2,), ["0.5 fs", "0.25 fs"]), ((1, 2), None), ((0, 1, 2), None), ("short", None)],
)
def test_a_timestep_at_which_the_run_broke_is_omitted(converging, broken, drawn):
    total_ev = TOTAL_EV[:, :4].copy() if broken == "short" else TOTAL_EV.copy()
    if broken != "short":
        total_ev[list(broken), 1:] = np.nan
    plot = plot_timesteps(converging(total_ev), None)
    assert (plot and [line.name for line in plot.panels[0].marks]) == drawn


def test_correct_velocities_lie_on_the_curve_and_others_leave_it(sampled):
    (panel,) = plot_velocities(sampled(), None).panels
    *elements, normal = panel.marks
    assert [line.name for line in elements] == ["H", "O"]
    assert all(np.abs(line.y - normal.y).max() < 0.05 for line in elements)
    (panel,) = plot_velocities(sampled(factor=1.5), None).panels
    hydrogen, oxygen, normal = (line.y.max() for line in panel.marks)
    assert oxygen == pytest.approx(normal / 1.5, rel=0.1)
    assert hydrogen == pytest.approx(normal, rel=0.1)


def test_without_measurements_there_are_no_plots(make_observations, sampled):
    nothing = make_observations()
    assert plot_timesteps(nothing, None) is None
    lost = np.full((4000, 3, 3), np.nan)
    damaged = ({"samples": 3}, {"velocities_angstrom_per_ps": lost}, {"masses_amu": np.ones(2)})
    for case in (nothing, *(sampled(**fields) for fields in damaged)):
        assert plot_velocities(case, None) is None
