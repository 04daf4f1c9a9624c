"""Does the total energy's spread fall as the timestep squared?"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure, place
from openmm_mlff.checks.dynamics.second_opinion import convergence_deviation
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import MEV_PER_EV

LARGEST_RATIO = 0.05
"""σ(E_total)/σ(E_kinetic) at a timestep that we call safe: our choice."""

NOISE_MARGIN = 3.0
"""A spread of at least this many times the noise has an exponent right to 0.04."""

DIFFERENCES = 6
"""Order of the differences that leave the noise of steps in a row and take the motion away: of an
O–H bond's energy, at 0.25 fs, they leave 1e-4."""

FEWEST_ROWS = 20


@dataclass(frozen=True)
class Spreads:
    """Standard deviations at three timesteps, the shortest first; eV."""

    timesteps_fs: np.ndarray
    total_ev: np.ndarray
    kinetic_ev: np.ndarray
    noise_ev: float

    def exponent(self, first: int, last: int) -> float:
        """Give p of σ ∝ dt^p between two of the timesteps."""
        ratio = self.total_ev[last] / self.total_ev[first]
        return float(np.log(ratio) / np.log(self.timesteps_fs[last] / self.timesteps_fs[first]))

    def first_above_noise(self) -> int | None:
        """Give the shortest timestep whose spread is not noise; None where fewer than two are."""
        clear = np.flatnonzero(
            (self.total_ev >= NOISE_MARGIN * self.noise_ev) & (self.total_ev > 0.0)
        )
        return int(clear[0]) if len(clear) and clear[0] < len(self.total_ev) - 1 else None


def timestep_convergence(observations: Observations, criteria: Criteria) -> CheckResult:
    """Fit σ(E_total) ∝ dt^p to three runs from one start.

    Leapfrog follows a shadow Hamiltonian that differs from the true one by a term in dt², so that
    p = 2; an error of the energy surface (forces that are no gradient, a jump) does not fall with
    the timestep and gives a smaller p.

    Noise of the energies would, too, and is no such error: its σ is that of sixth differences of
    the energies of steps in a row, and a timestep whose spread is not three times that is left
    out.

    Args:
        observations: with the probe ``timestep_convergence``.
        criteria: ``exponent_low``, ``exponent_high`` (ratio).

    Returns:
        PASS or FAIL by p over the widest pair of timesteps; INCONCLUSIVE where noise leaves no
        pair, nothing moves, or the run at the longest timestep broke.
    """
    probe = find_probe(SPEC, observations, name="timestep_convergence")
    if isinstance(probe, CheckResult):
        return probe
    low = SPEC.threshold(criteria, name="exponent_low")
    high = SPEC.threshold(criteria, name="exponent_high")
    timesteps_fs = probe_array(probe, name="timesteps_fs", shape=(3,))
    total_ev = probe_array(probe, name="total_ev", shape=(3, None))
    kinetic_ev = probe_array(probe, name="kinetic_ev", shape=total_ev.shape)
    noise_total_ev = probe_array(probe, name="noise_total_ev", shape=(None,))
    unfit = _unfit(observations, timesteps_fs=timesteps_fs, total_ev=total_ev + kinetic_ev)
    if unfit is not None:
        return unfit
    spreads = Spreads(
        timesteps_fs, total_ev.std(axis=1), kinetic_ev.std(axis=1), noise(noise_total_ev)
    )
    return _judged(observations, spreads, total_ev=total_ev, low=low, high=high)


def _unfit(
    observations: Observations, *, timesteps_fs: np.ndarray, total_ev: np.ndarray
) -> CheckResult | None:
    """Say why energies cannot be compared."""
    rows = total_ev.shape[1]
    if rows < FEWEST_ROWS:
        reason = f"there are {rows} energies of each run, and {FEWEST_ROWS} are the fewest"
        return SPEC.inconclusive(observations, reason=reason)
    finite = np.isfinite(total_ev).all(axis=1)
    evidence = {"timesteps_fs": timesteps_fs, "finite": finite}
    if not finite[:-1].all():
        worst_fs = float(timesteps_fs[:-1][~finite[:-1]].min())
        return SPEC.result(
            observations,
            status=Status.FAIL,
            message=f"On {place(observations)}, the run with a timestep of {worst_fs:g} fs broke: "
            "its energy is not a finite number.",
            evidence=evidence,
        )
    if not finite[-1]:
        reason = (
            f"the run with a timestep of {timesteps_fs[-1]:g} fs broke, so that the exponent is "
            "not known up to there; a shorter timestep may decide"
        )
        return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    return None


def noise(energies_ev: np.ndarray) -> float:
    """Estimate the standard deviation of the noise of energies of steps in a row.

    σ = 1.4826 median |Δ⁶E| / √C(12, 6): the median, so that a rare jump is no noise.

    Args:
        energies_ev: (M,), eV.

    Returns:
        σ, eV; infinite where it cannot be told.
    """
    if len(energies_ev) < 2 * DIFFERENCES or not np.isfinite(energies_ev).all():
        return math.inf
    spread = float(np.median(np.abs(np.diff(energies_ev, DIFFERENCES))))
    return 1.4826 * spread / math.sqrt(math.comb(2 * DIFFERENCES, DIFFERENCES))


def _judged(
    observations: Observations,
    spreads: Spreads,
    *,
    total_ev: np.ndarray,
    low: Threshold,
    high: Threshold,
) -> CheckResult:
    n_atoms = observations.system.n_atoms
    per_atom = MEV_PER_EV / n_atoms
    evidence: dict[str, Any] = {
        "timesteps_fs": spreads.timesteps_fs,
        "sigma_total_mev_per_atom": spreads.total_ev * per_atom,
        "sigma_kinetic_mev_per_atom": spreads.kinetic_ev * per_atom,
        "noise_mev_per_atom": spreads.noise_ev * per_atom,
        "rows": total_ev.shape[1],
    }
    first = spreads.first_above_noise()
    if first is None:
        reason = (
            f"the total energy's spread of {evidence['sigma_total_mev_per_atom'][1]:.2g} meV/atom "
            f"is not clear of its noise of {evidence['noise_mev_per_atom']:.2g} meV/atom"
        )
        return SPEC.inconclusive(observations, reason=reason, evidence=evidence)
    last = len(spreads.timesteps_fs) - 1
    exponent = spreads.exponent(first, last)
    converges = low.value <= exponent <= high.value
    safe_fs = safe_timestep_fs(spreads, first=first) if converges else None
    library, agrees = _library(spreads, total_ev=total_ev, low=low, high=high, converges=converges)
    note = "" if safe_fs is None else f"timesteps up to {safe_fs:.2g} fs are safe"
    if not agrees:
        other = f"physical_validation disagrees, with a deviation of {library:.2g}"
        note = f"{note}; {other}" if note else other
    evidence |= {
        "exponent": exponent,
        "between_timesteps_fs": spreads.timesteps_fs[[first, last]],
        "pairwise_exponents": [spreads.exponent(k, k + 1) for k in range(first, last)],
        "sigma_ratio": _ratios(spreads),
        "largest_safe_timestep_fs": safe_fs,
        "detection_limit_mev_per_atom": _least_error_ev(spreads, first=first, low=low) * per_atom,
        "physical_validation_deviation": library,
        "physical_validation_agrees": agrees,
    }
    clause = (
        f"from {spreads.timesteps_fs[first]:g} to {spreads.timesteps_fs[last]:g} fs the total "
        "energy's spread goes as the timestep to the power of"
    )
    return SPEC.judged(
        observations,
        measures=[
            Measure(clause, exponent, low, at_least=True),
            Measure(clause, exponent, high),
        ],
        evidence=evidence,
        note=note,
    )


def _ratios(spreads: Spreads) -> np.ndarray:
    kinetic = spreads.kinetic_ev
    return np.divide(
        spreads.total_ev, kinetic, out=np.full_like(kinetic, np.inf), where=kinetic > 0.0
    )


def safe_timestep_fs(spreads: Spreads, *, first: int) -> float | None:
    """Give the largest timestep at which σ(E_total)/σ(E_kinetic) stays within 0.05.

    By the fitted law, and never beyond the largest timestep that was run.

    Args:
        spreads: at three timesteps.
        first: the shortest of them that is clear of noise.

    Returns:
        fs; None where the law does not rise.
    """
    ratios = _ratios(spreads)[first:]
    if not (np.isfinite(ratios) & (ratios > 0.0)).all():
        return None
    timesteps_fs = spreads.timesteps_fs[first:]
    power, offset = np.polyfit(np.log(timesteps_fs), np.log(ratios), 1)
    if power <= 0.0:
        return None
    return float(min(timesteps_fs[-1], np.exp((np.log(LARGEST_RATIO) - offset) / power)))


def _least_error_ev(spreads: Spreads, *, first: int, low: Threshold) -> float:
    """Give the smallest error of the surface that would have been seen.

    An error x that does not depend on the timestep adds to both variances; with k = dt₂/dt₁ and
    an integrator of p = 2, (k⁴ s² + x²)/(s² + x²) = k^(2 p_low) gives x.

    Returns:
        x, eV.
    """
    ratio = spreads.timesteps_fs[-1] / spreads.timesteps_fs[first]
    bound = ratio ** (2.0 * low.value)
    return float(spreads.total_ev[first] * np.sqrt((ratio**4 - bound) / (bound - 1.0)))


def _library(
    spreads: Spreads, *, total_ev: np.ndarray, low: Threshold, high: Threshold, converges: bool
) -> tuple[float, bool]:
    """Ask the library; it knows no limit, so it is given the one that our exponents mean.

    Between neighbouring timesteps, k apart, an exponent of p is a deviation of |1 − k^(p − 2)|.

    Returns:
        Its deviation, and whether it comes to the same conclusion.
    """
    totals = dict(zip(spreads.timesteps_fs.tolist(), total_ev, strict=True))
    deviation = convergence_deviation(totals)
    step = spreads.timesteps_fs[1] / spreads.timesteps_fs[0]
    allowed = max(abs(1.0 - step ** (bound.value - 2.0)) for bound in (low, high))
    return deviation, bool(deviation <= allowed) == converges


SPEC = CheckSpec(
    id="timestep_convergence",
    group="dynamics",
    scope="system",
    title="Does the total energy's spread fall as the timestep squared?",
    formula="p = ln(σ(2 dt)/σ(dt/2)) / ln 4, σ the standard deviation of E_total from one start",
    unit="ratio",
    source="leapfrog's shadow Hamiltonian differs in dt²; physical_validation, Merz & Shirts 2018",
    thresholds={"exponent_low": "ratio", "exponent_high": "ratio"},
    failure_mode="The energy error is not the integrator's but the surface's: no timestep makes "
    "the dynamics conserve energy.",
    remedy="Look at `force_consistency` and `cutoff_continuity`: forces must be the gradient of "
    "the energy, and the energy must have no jumps; a large exponent asks for a shorter timestep.",
    function=timestep_convergence,
    probes=("timestep_convergence",),
)
