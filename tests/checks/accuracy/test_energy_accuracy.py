"""Energies that differ by a constant pass; scaled and noisy ones are measured and found."""

import numpy as np
import pytest

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults.plant import everywhere, result
from openmm_mlff.selftest.oracles import healthy

ALTERNATING = np.where(np.arange(100) % 2, 1.0, -1.0)
NOISE = np.random.default_rng(3).normal(size=100)
shifted = everywhere(result(lambda energies, forces, shift_ev: (energies + shift_ev, forces)))


@pytest.mark.parametrize(
    ("factor", "shift_ev", "status"), [(1.0, -27.3, Status.PASS), (0.1, 0.0, Status.FAIL)]
)
def test_a_scaled_energy_is_found_and_a_shift_is_none(
    measured, make_subject, scaled, water, factor, shift_ev, status
):
    oracle = healthy("bonded", molecule=water, seed=0)
    subject = make_subject(
        shifted(scaled(oracle, factor), shift_ev),
        water,
        dynamics={"frame_interval_steps": 2},
        probes={"reference_frames": 100},
        reference=oracle,
    )
    result = measured(subject)
    assert (result.status, result.unit, result.threshold) == (status, "meV/atom", 10.0)
    if factor == 1.0:
        assert result.value == pytest.approx(0.0, abs=1e-6)
        assert result.evidence["shift_ev"] == pytest.approx(shift_ev)


@pytest.mark.parametrize(
    ("difference_ev", "value", "status"),
    [
        (np.full(100, -27.3), 0.0, Status.PASS),
        (5.0 + 0.015 * ALTERNATING, 5.0, Status.PASS),
        (5.0 + 0.06 * ALTERNATING, 20.0, Status.FAIL),
        # √(2/π) σ / 3 atoms = 10 meV/atom.
        (0.03 * np.sqrt(np.pi / 2) * NOISE, 10.0, Status.INCONCLUSIVE),
    ],
)
def test_the_error_is_per_atom_about_the_shift(make_labels, decides, difference_ev, value, status):
    model = make_labels().reference_energies_ev + difference_ev
    decides(make_labels(model_energies_ev=model), status, value, rel=0.1, absolute=1e-9)
