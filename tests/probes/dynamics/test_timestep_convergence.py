from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.probes.dynamics.timestep_convergence import probe_timestep_convergence


@pytest.fixture
def converged(subject, resting_water, run_folder):
    def run(potential, **changes):
        asked = replace(subject(potential, molecule=resting_water), run_folder=run_folder)
        spec = asked.spec.model_copy(update={"convergence_ps": 0.1})
        return probe_timestep_convergence(replace(asked, spec=spec, **changes))

    return run


def test_the_spread_falls_as_the_timestep_squared(converged, springs):
    outcome = converged(springs())
    assert outcome.data == {"failures": ["", "", ""]}
    arrays = outcome.arrays
    np.testing.assert_allclose(arrays["timesteps_fs"], [0.25, 0.5, 1.0])
    np.testing.assert_allclose(arrays["time_ps"], 0.001 * np.arange(101))
    total_ev = arrays["total_ev"]
    assert total_ev.shape == (3, 101)
    np.testing.assert_array_equal(total_ev, arrays["potential_ev"] + arrays["kinetic_ev"])
    # One start: the same energies, and paths that only the integrator parts.
    np.testing.assert_allclose(total_ev[:, 0], total_ev[0, 0], atol=1e-9)
    assert np.abs(arrays["potential_ev"][0] - arrays["potential_ev"][1]).max() < 1e-2
    sigma = total_ev.std(axis=1)
    assert np.log(sigma[2] / sigma[0]) / np.log(4.0) == pytest.approx(2.0, abs=0.1)
    # Steps in a row, at the shortest timestep: each fourth is a row of the table.
    np.testing.assert_array_equal(arrays["noise_total_ev"][::4], total_ev[0, :50])


def test_forces_that_are_no_gradient_do_not_converge(converged, springs):
    def curled(_calls, energy, forces):
        return energy, forces + 0.3 * np.roll(forces, 1, axis=1)

    sigma = converged(springs(curled)).arrays["total_ev"].std(axis=1)
    assert np.log(sigma[2] / sigma[0]) / np.log(4.0) < 0.5


def test_a_run_that_breaks_is_nan_from_there(converged, springs):
    def broken(calls, energy, forces):
        return energy, forces * (np.nan if calls > 200 else 1.0)

    total_ev = converged(springs(broken)).arrays["total_ev"]
    assert np.isfinite(total_ev[0, :10]).all()
    assert np.isnan(total_ev[:, -1]).all()


def test_without_a_run_it_is_skipped_and_required(subject, springs):
    outcome = probe_timestep_convergence(subject(springs()))
    assert "no run at constant energy came to its end" in outcome.skipped
    assert "applicable" not in outcome.data


def test_a_single_atom_is_not_asked(converged, springs, one_atom):
    assert converged(springs(), molecule=one_atom).data == {"applicable": False}
