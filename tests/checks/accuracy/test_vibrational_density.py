"""Spectra of known vibrations, and of runs of one potential and of a softer one."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.vibrational_density import (
    INTERVAL_PS,
    Record,
    densities,
    wasserstein,
)
from openmm_mlff.measuring.experiments import THERMOSTAT_TIMESTEP_FS
from openmm_mlff.measuring.velocities import ROW_STEPS, ROWS
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.units import fs_from_ps, wavenumber_from_frequency


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.PASS), (0.1, Status.FAIL)])
def test_a_softer_molecule_is_found(measured, make_subject, scaled, water, factor, status):
    reference = FieldOracle(water, seed=0)
    # Four times as many runs, as water has three vibrations.
    probes = {"sampling_ps": 0.5, "ensemble_runs": 2}
    subject = make_subject(scaled(reference, factor), water, probes=probes, reference=reference)
    limit = subject.settings.protocol.limits_for("vibrational_density")["distance"]
    # Few runs are noisy: of one potential and one seed they are still the same.
    result = measured(subject, limits={"distance": limit.model_copy(update={"value": 0.6})})
    found = subject.store.read("vibrational_density").record(Record)
    assert found.model_densities.shape == (8, ROWS // 2 + 1)
    assert pytest.approx(INTERVAL_PS) == ROW_STEPS * THERMOSTAT_TIMESTEP_FS / fs_from_ps(1.0)
    assert result.status is status
    if factor == 1.0:
        # Both start alike and are one trajectory.
        assert result.value == pytest.approx(0.0, abs=1e-9)
    else:
        at = found.wavenumbers_per_cm
        means = [
            one.mean(axis=0) @ at for one in (found.model_densities, found.reference_densities)
        ]
        # Frequencies go with the root of the stiffness.
        assert means[0] / means[1] == pytest.approx(np.sqrt(factor), rel=0.3)


@pytest.mark.parametrize(
    ("raised", "status"),
    [(None, Status.INCONCLUSIVE), (RuntimeError("a bug"), Status.ERROR)],
    ids=["refuses", "breaks"],
)
def test_a_refusal_is_no_error_and_a_bug_is(
    measured, make_subject, refusing, water, raised, status
):
    reference = refusing(water, set(range(100, 3000)), raised)
    probes = {"sampling_ps": 0.05, "ensemble_runs": 1}
    subject = make_subject(FieldOracle(water, seed=0), water, probes=probes, reference=reference)
    result = measured(subject)
    assert result.status is status
    assert ("a bug" if raised else "SCF not converged") in result.message


def oscillating(*wavenumbers_per_cm, runs=2):
    """Velocities of atoms that oscillate along x, each at its own wavenumber and amplitude."""
    time_ps = INTERVAL_PS * np.arange(ROWS)
    velocities = np.zeros((runs, ROWS, len(wavenumbers_per_cm), 3))
    for atom, wavenumber in enumerate(wavenumbers_per_cm):
        frequency = wavenumber / wavenumber_from_frequency(1.0)
        velocities[:, :, atom, 0] = 10.0**atom * np.cos(2.0 * np.pi * frequency * time_ps)
    return velocities


def test_each_component_has_its_peak_and_the_same_power_and_those_at_rest_have_none():
    (density, _) = densities(oscillating(1000.0, 3000.0))
    at = wavenumber_from_frequency(np.fft.rfftfreq(ROWS, INTERVAL_PS))
    assert density.sum() == pytest.approx(1.0)
    for peak in (1000.0, 3000.0):
        assert density[np.abs(at - peak) < 100.0].sum() == pytest.approx(0.5, abs=0.01)
    # Shifting every peak by as much is that distance, whatever the distance of the peaks.
    (other, _) = densities(oscillating(1500.0, 3500.0))
    assert wasserstein(density, other, wavenumbers=at) == pytest.approx(500.0, rel=0.01)
    assert not densities(np.zeros((2, ROWS, 1, 3))).any()


def record(model, ideal, **failures):
    return Record(
        reference="ase:xtb",
        wavenumbers_per_cm=wavenumber_from_frequency(np.fft.rfftfreq(ROWS, INTERVAL_PS)),
        model_densities=densities(model),
        reference_densities=densities(ideal),
        **failures,
    )


# The standard deviation of two peaks 2000 cm⁻¹ apart is 1000 cm⁻¹; that of one is taken as 200.
TWO, ONE = oscillating(1000.0, 3000.0), oscillating(2000.0)
SCATTERED = np.concatenate([oscillating(1000.0, runs=1), oscillating(3000.0, runs=1)])


@pytest.mark.parametrize(
    ("model", "ideal", "failures", "status", "value"),
    [
        (oscillating(1200.0, 3200.0), TWO, {}, Status.PASS, 0.2),
        (oscillating(1300.0, 3300.0), TWO, {}, Status.FAIL, 0.3),
        (oscillating(1100.0, 3500.0), TWO, {}, Status.FAIL, 0.3),
        (oscillating(2040.0), ONE, {}, Status.PASS, 0.2),
        (oscillating(3000.0), ONE, {}, Status.FAIL, 1.0),
        # Each run has another spectrum: nothing can be said from two.
        (SCATTERED, SCATTERED, {}, Status.INCONCLUSIVE, 0.0),
        (TWO[:1], TWO, {}, Status.INCONCLUSIVE, None),
        (TWO, TWO[:1], {}, Status.INCONCLUSIVE, None),
        (TWO, TWO, {"model_failure": "a bond broke"}, Status.FAIL, None),
        (TWO, TWO, {"reference_failure": "SCF"}, Status.INCONCLUSIVE, None),
    ],
)
def test_what_decides(decides, model, ideal, failures, status, value):
    decides(record(model, ideal, **failures), status, value, absolute=0.02)
