import numpy as np
import pytest

from openmm_mlff.checks.parity.trajectory_parity import trajectory_parity
from openmm_mlff.records import Status

STEPS, TIMESTEP_FS, OMEGA_PER_FS = 200, 0.5, 0.3


def verlet(*, half_step_lost=False):
    """A harmonic oscillator, three of them an atom, by velocity Verlet in its exact closed form.

    x_n = A sin(ω' n dt) with sin(ω' dt / 2) = ω dt / 2; a start with the half-step velocity taken
    for the full-step one changes amplitude and phase.
    """
    angle = 2 * np.arcsin(OMEGA_PER_FS * TIMESTEP_FS / 2)
    n = np.arange(1, STEPS + 1)
    x = 0.1 * np.sin(angle * n)
    if half_step_lost:
        x = 0.1 * np.sin(angle * n + OMEGA_PER_FS * TIMESTEP_FS / 2)
    return np.repeat(x[:, None], 9, axis=1).reshape(STEPS, 3, 3)


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(openmm, ase, *, dtype="float64"):
        observations = with_probe(
            water,
            name="trajectory_parity",
            data={"dtype": dtype, "timestep_fs": TIMESTEP_FS, "steps": STEPS},
            arrays={"openmm_positions_angstrom": openmm, "ase_positions_angstrom": ase},
        )
        return trajectory_parity(observations, criteria("trajectory_parity"))

    return call


def test_the_same_trajectory_passes(judge):
    result = judge(verlet(), verlet())
    assert result.status is Status.PASS
    assert result.evidence["first_frame_beyond"] is None
    assert "200 steps of 0.5 fs" in result.message


def test_a_lost_half_step_fails_from_the_first_frame(judge):
    result = judge(verlet(half_step_lost=True), verlet())
    assert result.status is Status.FAIL
    assert result.evidence["first_frame_beyond"] == 0


@pytest.mark.parametrize(("dtype", "status"), [("float32", Status.PASS), ("float64", Status.FAIL)])
def test_the_limit_follows_the_precision(judge, dtype, status):
    moved = verlet()
    moved[150:, 2, 1] += 5e-4
    result = judge(moved, verlet(), dtype=dtype)
    assert result.status is status
    assert result.value == pytest.approx(5e-4)
    if status is Status.FAIL:
        assert result.evidence["first_frame_beyond"] == 150


def test_a_position_that_is_not_finite_fails(judge):
    lost = verlet()
    lost[199, 0, 0] = np.nan
    result = judge(lost, verlet())
    assert result.status is Status.FAIL
    assert result.evidence["first_frame_beyond"] == 199


def test_atoms_that_do_not_move_compare_nothing(judge):
    still = np.zeros((STEPS, 3, 3))
    assert judge(still, still).status is Status.INCONCLUSIVE


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        trajectory_parity,
        system=water,
        name="trajectory_parity",
        limits=criteria("trajectory_parity"),
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
