"""Does the error of the total energy fall as the timestep squared?"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.dynamics.second_opinion import convergence_deviation
from openmm_mlff.checks.inputs import NO_START
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV, fs_from_ps, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

FACTORS = (0.5, 1.0, 2.0)
"""Timesteps, in units of the protocol's first."""

NOISE_STEPS = 200
"""Consecutive steps at the shortest timestep, whose energies separate the noise from the motion."""

LARGEST_RATIO = 0.05
"""σ(E_total)/σ(E_kinetic) at a timestep that we call safe: our choice."""

NOISE_MARGIN = 3.0
"""A spread of at least this many times the noise has an exponent right to 0.04."""

DIFFERENCES = 6
"""Order of the differences that leave the noise of consecutive steps and remove the motion: of an
O–H bond's energy, at 0.25 fs, they leave 1e-4."""

FEWEST_ROWS = 20


@record
class Record:
    """Energies of simulations from one start at three timesteps, the shortest first.

    Attributes:
        timesteps_fs: of the integrator.
        time_ps: of the energies.
        potential_ev: NaN from where a run broke off.
        kinetic_ev: at the time of the positions.
        total_ev: their sum.
        noise_total_ev: total energy of consecutive steps at the shortest timestep.
        n_atoms: N.
        failures: why each run broke off; empty where it did not.
    """

    timesteps_fs: np.ndarray = array(len(FACTORS))
    time_ps: np.ndarray = array("rows")
    potential_ev: np.ndarray = array(len(FACTORS), "rows")
    kinetic_ev: np.ndarray = array(len(FACTORS), "rows")
    total_ev: np.ndarray = array(len(FACTORS), "rows")
    noise_total_ev: np.ndarray = array("steps")
    n_atoms: int
    failures: tuple[str, ...]


def measure(subject: "Subject") -> Record | NotApplicable | Skipped:
    """Run at constant energy from one point with three timesteps.

    Energies are taken at common times, at multiples of the longest timestep.

    Args:
        subject: what is measured.

    Returns:
        The energies.
    """
    if subject.asked.n_atoms < 2:
        return NotApplicable("one atom has no internal motion to integrate")
    start = subject.experiments.start()
    if start is None:
        return Skipped(NO_START)
    timesteps_fs = subject.timestep_fs * np.array(FACTORS)
    interval_fs = float(timesteps_fs[-1])
    rows = max(2, 1 + round(fs_from_ps(subject.spec.convergence_ps) / interval_fs))
    found = [
        subject.experiments.run_nve(
            start,
            timestep_fs=float(timestep_fs),
            rows=rows,
            interval_steps=round(interval_fs / timestep_fs),
        )
        for timestep_fs in timesteps_fs
    ]
    noisy, _ = subject.experiments.run_nve(
        start, timestep_fs=float(timesteps_fs[0]), rows=NOISE_STEPS, interval_steps=1
    )
    potential_ev, kinetic_ev = np.stack([energies for energies, _ in found], axis=1)
    return Record(
        timesteps_fs=timesteps_fs,
        time_ps=ps_from_fs(interval_fs) * np.arange(rows),
        potential_ev=potential_ev,
        kinetic_ev=kinetic_ev,
        total_ev=potential_ev + kinetic_ev,
        noise_total_ev=noisy.sum(axis=0),
        n_atoms=subject.asked.n_atoms,
        failures=tuple(failure for _, failure in found),
    )


@dataclass(frozen=True)
class Spreads:
    """Standard deviations at three timesteps, the shortest first; eV."""

    timesteps_fs: np.ndarray
    total_ev: np.ndarray
    kinetic_ev: np.ndarray
    noise_ev: float

    def exponent(self, first: int, last: int) -> float:
        """Return p of σ ∝ dt^p between two of the timesteps."""
        ratio = self.total_ev[last] / self.total_ev[first]
        return float(np.log(ratio) / np.log(self.timesteps_fs[last] / self.timesteps_fs[first]))

    def first_above_noise(self) -> int | None:
        """Return the shortest timestep whose spread is not noise; None where fewer than two are."""
        clear = np.flatnonzero(
            (self.total_ev >= NOISE_MARGIN * self.noise_ev) & (self.total_ev > 0.0)
        )
        return int(clear[0]) if len(clear) and clear[0] < len(self.total_ev) - 1 else None


def judge(record: Record, limits: Limits) -> Judgement:
    """Fit σ(E_total) ∝ dt^p to three runs from one start.

    Leapfrog follows a shadow Hamiltonian that differs from the true one by a term in dt², so that
    p = 2; an error of the energy surface (forces that are no gradient, a jump) does not fall with
    the timestep and gives a smaller p.  So does noise of the energies, which is no such error: a
    timestep whose spread is not three times the noise is left out.

    Args:
        record: the energies.
        limits: ``exponent_low``, ``exponent_high`` (ratio).

    Returns:
        PASS or FAIL by p over the widest pair of timesteps; INCONCLUSIVE where noise leaves no
        pair, nothing moves, or the run at the longest timestep broke.
    """
    unfit = _unfit(record)
    if unfit is not None:
        return unfit
    spreads = Spreads(
        record.timesteps_fs,
        record.total_ev.std(axis=1),
        record.kinetic_ev.std(axis=1),
        noise(record.noise_total_ev),
    )
    per_atom = MEV_PER_EV / record.n_atoms
    evidence: dict[str, Any] = {
        "timesteps_fs": spreads.timesteps_fs,
        "sigma_total_mev_per_atom": spreads.total_ev * per_atom,
        "sigma_kinetic_mev_per_atom": spreads.kinetic_ev * per_atom,
        "noise_mev_per_atom": spreads.noise_ev * per_atom,
        "rows": record.total_ev.shape[1],
    }
    first = spreads.first_above_noise()
    if first is None:
        reason = (
            f"the total energy's spread of {evidence['sigma_total_mev_per_atom'][1]:.2g} meV/atom "
            f"does not exceed {NOISE_MARGIN:g} times its noise of "
            f"{evidence['noise_mev_per_atom']:.2g} meV/atom"
        )
        return inconclusive(reason, evidence=evidence)
    low, high = limits["exponent_low"], limits["exponent_high"]
    exponent = spreads.exponent(first, len(FACTORS) - 1)
    converges = low.value <= exponent <= high.value
    safe_fs = safe_timestep_fs(spreads, first=first) if converges else None
    library, agrees = _library(record, low=low, high=high, converges=converges)
    notes = [] if safe_fs is None else [f"timesteps up to {safe_fs:.2g} fs are safe"]
    if not agrees:
        notes.append(f"physical_validation disagrees, with a deviation of {library:.2g}")
    evidence |= {
        "exponent": exponent,
        "between_timesteps_fs": spreads.timesteps_fs[[first, -1]],
        "pairwise_exponents": [spreads.exponent(k, k + 1) for k in range(first, len(FACTORS) - 1)],
        "sigma_ratio": _ratios(spreads),
        "largest_safe_timestep_fs": safe_fs,
        "detection_limit_mev_per_atom": _least_error_ev(spreads, first=first, low=low) * per_atom,
        "physical_validation_deviation": library,
        "physical_validation_agrees": agrees,
    }
    clause = (
        f"from {spreads.timesteps_fs[first]:g} to {spreads.timesteps_fs[-1]:g} fs the spread of "
        "the total energy goes as the timestep to the power of"
    )
    measures = [Measure(clause, exponent, low, at_least=True), Measure(clause, exponent, high)]
    return judged(measures, evidence=evidence, note="; ".join(notes))


def _unfit(record: Record) -> Judgement | None:
    """Return why energies cannot be compared; None where they can."""
    rows = record.total_ev.shape[1]
    if rows < FEWEST_ROWS:
        return inconclusive(
            f"there are {rows} energies of each run, and at least {FEWEST_ROWS} are needed"
        )
    finite = np.isfinite(record.total_ev).all(axis=1)
    evidence = {"timesteps_fs": record.timesteps_fs, "finite": finite, "failures": record.failures}
    if not finite[:-1].all():
        worst_fs = float(record.timesteps_fs[:-1][~finite[:-1]].min())
        return Judgement(
            Status.FAIL,
            f"the run with a timestep of {worst_fs:g} fs broke: its energy is not finite",
            evidence=evidence,
        )
    if not finite[-1]:
        reason = (
            f"the run with a timestep of {record.timesteps_fs[-1]:g} fs broke, so that the "
            "exponent is not known up to there; a shorter timestep may decide"
        )
        return inconclusive(reason, evidence=evidence)
    return None


def noise(energies_ev: np.ndarray) -> float:
    """Estimate the standard deviation of the noise of energies of consecutive steps.

    σ = 1.4826 median |Δ⁶E| / √C(12, 6): the median, so that a rare jump does not count.

    Args:
        energies_ev: (M,), eV.

    Returns:
        σ, eV; infinite where it cannot be estimated.
    """
    if len(energies_ev) < 2 * DIFFERENCES or not np.isfinite(energies_ev).all():
        return math.inf
    spread = float(np.median(np.abs(np.diff(energies_ev, DIFFERENCES))))
    return 1.4826 * spread / math.sqrt(math.comb(2 * DIFFERENCES, DIFFERENCES))


def _ratios(spreads: Spreads) -> np.ndarray:
    kinetic = spreads.kinetic_ev
    return np.divide(
        spreads.total_ev, kinetic, out=np.full_like(kinetic, np.inf), where=kinetic > 0.0
    )


def safe_timestep_fs(spreads: Spreads, *, first: int) -> float | None:
    """Return the largest timestep at which σ(E_total)/σ(E_kinetic) stays within 0.05.

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
    """Return the smallest error of the surface that would have been seen.

    An error x that does not depend on the timestep adds to both variances; with k = dt₂/dt₁ and
    an integrator of p = 2, (k⁴ s² + x²)/(s² + x²) = k^(2 p_low) gives x.

    Returns:
        x, eV.
    """
    ratio = spreads.timesteps_fs[-1] / spreads.timesteps_fs[first]
    bound = ratio ** (2.0 * low.value)
    return float(spreads.total_ev[first] * np.sqrt((ratio**4 - bound) / (bound - 1.0)))


def _library(
    record: Record, *, low: Threshold, high: Threshold, converges: bool
) -> tuple[float, bool]:
    """Compare with the library, which has no limit of its own: it gets that of our exponents.

    Between neighbouring timesteps, k apart, an exponent of p is a deviation of |1 − k^(p − 2)|.

    Returns:
        Its deviation, and whether it agrees.
    """
    totals = dict(zip(record.timesteps_fs.tolist(), record.total_ev, strict=True))
    deviation = convergence_deviation(totals)
    step = record.timesteps_fs[1] / record.timesteps_fs[0]
    allowed = max(abs(1.0 - step ** (bound.value - 2.0)) for bound in (low, high))
    return deviation, bool(deviation <= allowed) == converges


CHECK = Check(
    id="timestep_convergence",
    group="dynamics",
    question="Does the error of the total energy fall as the timestep squared?",
    formula="p = ln(σ(2 dt)/σ(dt/2)) / ln 4, σ the standard deviation of E_total from one start",
    unit="ratio",
    source="leapfrog's shadow Hamiltonian differs in dt²; physical_validation, Merz & Shirts 2018",
    limits={"exponent_low": "ratio", "exponent_high": "ratio"},
    consequence="The energy error is not the integrator's but the surface's: no timestep makes "
    "the dynamics conserve energy.",
    remedy="Look at `force_consistency` and `cutoff_continuity`: forces must be the gradient of "
    "the energy, and the energy must have no jumps; a large exponent needs a shorter timestep.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "trajectories"),
)
