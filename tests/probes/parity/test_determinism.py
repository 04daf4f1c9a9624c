import numpy as np
import pytest

from openmm_mlff.probes.parity.determinism import probe_determinism


def spread(outcome) -> tuple[float, float]:
    return (
        float(np.ptp(outcome.arrays["energies_ev"])),
        float(np.ptp(outcome.arrays["forces"], axis=0).max()),
    )


def test_a_sound_model_gives_the_same_each_time(student, subject):
    outcome = probe_determinism(subject(student))

    assert outcome.data == {"platform": "Reference", "dtype": "float64"}
    assert outcome.arrays["energies_ev"].shape == (3,)
    assert outcome.arrays["forces"].shape == (3, 3, 3)
    energy, force = spread(outcome)
    assert energy < 1e-10
    assert force < 1e-10


def test_the_answers_are_those_for_one_geometry(springs, subject):
    assert max(spread(probe_determinism(subject(springs())))) < 1e-10


def test_state_kept_between_calls_shows(springs, subject):
    def drifting(calls, energy, forces):
        return energy + 1e-3 * calls, forces + 1e-3 * calls

    outcome = probe_determinism(subject(springs(drifting)))

    # Between two answers for the first geometry lies one for the second.
    assert np.diff(outcome.arrays["energies_ev"]) == pytest.approx([2e-3, 2e-3], rel=1e-6)
    assert spread(outcome)[1] > 1e-3


def test_noise_in_the_forces_shows(springs, subject):
    rng = np.random.default_rng(0)

    def noisy(_calls, energy, forces):
        return energy, forces + rng.normal(scale=1e-2, size=forces.shape)

    assert spread(probe_determinism(subject(springs(noisy))))[1] > 1e-3
