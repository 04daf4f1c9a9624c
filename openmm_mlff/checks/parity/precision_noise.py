"""How rough is the energy surface? The noise floor that other checks quote."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV

WORK_LENGTH_ANGSTROM = 0.01
"""Over this length roughness of the energy is turned into a force: about what a hydrogen atom at
300 K moves in a step of 0.5 fs.  Over the line's own 1e-5 Å steps the last bit of any float32
energy would look like a force of 0.1 eV/Å, which no integrator feels."""

BLOCK_POINTS = 21
"""Points of one local quadratic: at 1e-5 Å a step it spans 2e-4 Å, where any smooth surface is a
parabola to better than 1e-9 eV."""

WIDE_DEGREE = 6
"""Of the polynomial along the wide line of 0.04 Å: what a smooth surface has beyond it there is
below 1e-10 eV."""


def precision_noise(observations: Observations, criteria: Criteria) -> CheckResult:
    """Measure what rounding does to the forces.

    Where the model runs in both precisions, the root mean square of F_float32 − F_float64 over
    all components.  Else the roughness of E along a line: with σ_E the standard deviation of E
    about local parabolas, the mean force over a length ℓ = 0.01 Å, (E(x+ℓ) − E(x))/ℓ, is
    uncertain by √2 σ_E / ℓ.  In both cases also the roughness along a wider line, of 0.04 Å:
    numbers rounded coarsely, as in half precision, are flat over a shorter one.

    Args:
        observations: with the probe ``precision_noise``.
        criteria: ``forces_rms`` (eV/Å).

    Returns:
        PASS where the noise is small.

    Raises:
        RunDirectoryError: the probe's record is damaged.
    """
    probe = find_probe(SPEC, observations, name="precision_noise")
    if isinstance(probe, CheckResult):
        return probe
    limit = SPEC.threshold(criteria, name="forces_rms")
    method = probe.data.get("method")
    if method == "float32-float64":
        value, evidence = _between_precisions(probe)
        clause = "forces in float32 differ from those in float64 by a root mean square of"
    elif method == "line":
        value, evidence = _along_line(probe)
        clause = f"the energy's roughness over {WORK_LENGTH_ANGSTROM:g} Å amounts to a force of"
    else:
        raise RunDirectoryError(
            f"the probe 'precision_noise' says method {method!r}, expected 'float32-float64' or "
            "'line'; run the validation again"
        )
    measures = [Measure(clause, value, limit)]
    if "wide_line_energies_ev" in probe.arrays:
        wide, evidence_wide = _along_wide_line(probe)
        clause = "the energy's roughness along 0.04 Å amounts to a force of"
        measures.append(Measure(clause, wide, limit))
        evidence = {**evidence, **evidence_wide}
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={"method": method, **evidence},
    )


def _between_precisions(probe: ProbeObservations) -> tuple[float, Mapping[str, Any]]:
    double = probe_array(probe, name="forces_double", shape=(None, None, 3))
    single = probe_array(probe, name="forces_single", shape=double.shape)
    double_ev = probe_array(probe, name="energies_double_ev", shape=(len(double),))
    single_ev = probe_array(probe, name="energies_single_ev", shape=(len(double),))
    with np.errstate(invalid="ignore"):
        difference = single - double
        energy_ev = single_ev - double_ev
        evidence = {
            "geometries": len(double),
            "largest_force_difference_ev_per_angstrom": largest_norm(difference),
            "largest_energy_difference_mev_per_atom": largest(energy_ev)
            * MEV_PER_EV
            / double.shape[1],
        }
        rms = float(np.sqrt(np.mean(difference**2)))
    # Energies that are not numbers must not hide behind good forces.
    return (rms if np.isfinite(energy_ev).all() else float("nan")), evidence


def _along_line(probe: ProbeObservations) -> tuple[float, Mapping[str, Any]]:
    energies_ev = probe_array(probe, name="line_energies_ev", shape=(None,))
    step_angstrom = float(probe.data["line_step_angstrom"])
    sigma_ev = roughness(energies_ev)
    evidence = {
        "points": len(energies_ev),
        "line_step_angstrom": step_angstrom,
        "energy_noise_ev": sigma_ev,
        "force_noise_over_one_step_ev_per_angstrom": np.sqrt(2.0) * sigma_ev / step_angstrom,
    }
    return float(np.sqrt(2.0) * sigma_ev / WORK_LENGTH_ANGSTROM), evidence


def _along_wide_line(probe: ProbeObservations) -> tuple[float, Mapping[str, Any]]:
    """Give the roughness about one polynomial; coarse rounding is flat over shorter lines."""
    energies_ev = probe_array(probe, name="wide_line_energies_ev", shape=(None,))
    nothing = {"wide_line_energy_noise_ev": float("nan")}
    if len(energies_ev) <= WIDE_DEGREE + 1 or not np.isfinite(energies_ev).all():
        return float("nan"), nothing
    design = np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, len(energies_ev)), WIDE_DEGREE)
    centred = energies_ev - energies_ev.mean()
    rest = centred - design @ np.linalg.lstsq(design, centred, rcond=None)[0]
    sigma_ev = float(np.sqrt(np.sum(rest**2) / (len(energies_ev) - WIDE_DEGREE - 1)))
    value = float(np.sqrt(2.0) * sigma_ev / WORK_LENGTH_ANGSTROM)
    return value, {"wide_line_energy_noise_ev": sigma_ev}


def roughness(energies_ev: np.ndarray) -> float:
    """Give the standard deviation of evenly spaced energies about local parabolas.

    σ² = Σ residual² / Σ (n − 3), over blocks of n points, each with a parabola of its own.

    Args:
        energies_ev: (M,), eV.

    Returns:
        σ in eV; NaN for fewer than 4 points or energies that are not finite.
    """
    if len(energies_ev) < 4 or not np.isfinite(energies_ev).all():
        return float("nan")
    n_blocks = max(1, len(energies_ev) // BLOCK_POINTS)
    squares, freedom = 0.0, 0
    for block in np.array_split(energies_ev, n_blocks):
        x = np.linspace(-1.0, 1.0, len(block))
        design = np.stack([np.ones_like(x), x, x**2], axis=1)
        # The mean goes first, or the last bits of a large energy are lost in the fit.
        centred = block - block.mean()
        coefficients, *_ = np.linalg.lstsq(design, centred, rcond=None)
        squares += float(np.sum((centred - design @ coefficients) ** 2))
        freedom += len(block) - 3
    return float(np.sqrt(squares / freedom))


SPEC = CheckSpec(
    id="precision_noise",
    group="parity",
    scope="system",
    title="How rough is the energy surface?",
    formula="RMS(F_float32 − F_float64), or √2 σ_E / 0.01 Å; σ_E about smooth curves, two lengths",
    unit="eV/Å",
    source="healthy float32 students show 5e-5 to 1.4e-4 eV/Å against differences of the energy",
    thresholds={"forces_rms": "eV/Å"},
    failure_mode="Rounding noise in the forces heats the system slowly; long constant-energy runs "
    "drift whatever the timestep.",
    remedy="Evaluate the model in float64, or subtract the atoms' reference energies inside it so "
    "that float32 has bits to spare.",
    function=precision_noise,
    probes=("precision_noise",),
)
