"""Does the error of the total energy fall as the timestep squared?"""

import math
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, compare_with_interval, define, inconclusive
from openmm_mlff.checks.inputs import NO_START
from openmm_mlff.config import Limits
from openmm_mlff.intervals import student_half_width
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV, fs_from_ps, ps_from_fs

FACTORS = (0.5, 1.0, 2.0)  # timesteps, in units of the protocol's first
FEWEST_STARTS, MOST_STARTS = 3, 8
PRECISE = 0.15  # no further start is run when half the interval of the exponent is at most this
FEWEST_ROWS = 20
NOISE_STEPS = 200  # at the shortest timestep; their energies tell the noise from the motion
NOISE_MARGIN = 3.0  # a spread of at least this many times the noise: exponent accurate to 0.04
LARGEST_RATIO = 0.05  # σ(E_total)/σ(E_kinetic) at a timestep that we call safe: our choice

DIFFERENCES = 6
"""Order of the differences that keep the noise of consecutive steps and remove the motion: of the
energy of an O–H bond, at 0.25 fs, a fraction of 1e-4 remains."""


@record
class Record:
    """Energies of simulations from common starts at three timesteps, the shortest first."""

    timesteps_fs: np.ndarray = array(len(FACTORS))
    time_ps: np.ndarray = array("rows")
    # NaN from where a run broke off
    potential_ev: np.ndarray = array("starts", len(FACTORS), "rows")
    kinetic_ev: np.ndarray = array("starts", len(FACTORS), "rows")  # at the time of the positions
    # total energy of consecutive steps at the shortest timestep
    noise_total_ev: np.ndarray = array("steps")
    n_atoms: int
    failures: tuple[str, ...]  # why a run at each timestep broke off; empty where none did

    @property
    def total_ev(self) -> np.ndarray:
        """Total energies, (starts, timesteps, rows)."""
        return np.asarray(self.potential_ev + self.kinetic_ev)

    @property
    def spread_ev(self) -> np.ndarray:
        """Standard deviation of the total energy at each timestep, over all starts."""
        return np.asarray(np.sqrt(self.total_ev.var(axis=-1).mean(axis=0)))

    @property
    def ratios(self) -> np.ndarray:
        """σ(E_total)/σ(E_kinetic) at each timestep, over all starts; infinite if nothing moves."""
        kinetic_ev = np.sqrt(self.kinetic_ev.var(axis=-1).mean(axis=0))
        infinite = np.full_like(kinetic_ev, np.inf)
        return np.divide(self.spread_ev, kinetic_ev, out=infinite, where=kinetic_ev > 0.0)

    def exponent(self) -> tuple[float, float, int, bool]:
        """Return p of σ ∝ dt^p, half its 95 % interval, the first timestep and if it is clear.

        It is the first whose spread is not noise, at most the last but one.  p is the mean over the
        starts, with Student's t; infinite for a single start.  Of spreads that are not clear of
        noise, p of the variance of all starts, in which those of little energy count little, and
        its interval by the jackknife.
        """
        least_ev = NOISE_MARGIN * noise(self.noise_total_ev)
        clear = (self.spread_ev[:-1] >= least_ev) & (self.spread_ev[:-1] > 0.0)
        is_clear = bool(clear.any())
        first = int(np.argmax(clear)) if is_clear else len(clear) - 1
        variances = self.total_ev.var(axis=-1)[:, [first, -1]]
        doubled = 2.0 * np.log(self.timesteps_fs[-1] / self.timesteps_fs[first])
        with np.errstate(divide="ignore", invalid="ignore"):
            powers = np.log(variances[:, 1] / variances[:, 0]) / doubled
            if not is_clear and (count := len(variances)) > 1:
                whole, without = variances.sum(axis=0), variances.sum(axis=0) - variances
                powers = count * np.log(whole[1] / whole[0]) / doubled
                powers = powers - (count - 1) * np.log(without[:, 1] / without[:, 0]) / doubled
        if len(powers) < 2:
            return float(powers[0]), math.inf, first, is_clear
        error = float(powers.std(ddof=1)) / math.sqrt(len(powers))
        half_width = student_half_width(error, freedom=len(powers) - 1)
        return float(powers.mean()), half_width, first, is_clear

    @property
    def is_precise(self) -> bool:
        """Whether the exponent is known to :data:`PRECISE`, or no further start would help."""
        hopeless = any(self.failures) or not self.spread_ev.all()
        return hopeless or self.exponent()[1] <= PRECISE


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Run with three timesteps from each of several points of a Langevin run.

    Starts are added until the exponent is known to 0.15.  Energies are taken at common times.
    """
    if subject.asked.n_atoms < 2:
        return NotApplicable("one atom has no internal motion to integrate")
    starts = subject.experiments.langevin_starts(MOST_STARTS)
    if not starts:
        return Skipped(NO_START)
    run_nve, timesteps_fs = subject.experiments.run_nve, subject.timestep_fs * np.array(FACTORS)
    shortest_fs, *_, longest_fs = timesteps_fs.tolist()
    rows = max(2, 1 + round(fs_from_ps(subject.spec.convergence_ps) / longest_fs))
    noisy, _ = run_nve(starts[0], timestep_fs=shortest_fs, rows=NOISE_STEPS, interval_steps=1)
    found: list[list[tuple[np.ndarray, str]]] = []
    for start in starts:
        runs = []
        for timestep_fs in timesteps_fs.tolist():
            steps = round(longest_fs / timestep_fs)
            runs.append(run_nve(start, timestep_fs=timestep_fs, rows=rows, interval_steps=steps))
        found.append(runs)
        energies = np.array([[each for each, _ in runs] for runs in found])
        reasons = zip(*([why for _, why in runs] for runs in found), strict=True)
        so_far = Record(
            timesteps_fs=timesteps_fs,
            time_ps=ps_from_fs(longest_fs) * np.arange(rows),
            potential_ev=energies[:, :, 0],
            kinetic_ev=energies[:, :, 1],
            noise_total_ev=noisy.sum(axis=0),
            n_atoms=subject.asked.n_atoms,
            failures=tuple(next(filter(None, each), "") for each in reasons),
        )
        if len(found) >= FEWEST_STARTS and so_far.is_precise:
            break
    return so_far


def judge(record: Record, limits: Limits) -> Judgement:
    """Check that p of σ(E_total) ∝ dt^p lies from ``exponent_low`` to ``exponent_high``.

    Leapfrog follows a shadow Hamiltonian that differs from the true one in dt², so p = 2.  An error
    of the energy surface (forces that are not its gradient, a jump) does not fall with the timestep
    and gives a smaller p.  So does noise, which is no such error: a timestep whose spread is less
    than three times the noise is left out.  Where that leaves no pair, the two longest can only
    pass, since without the noise p would be larger still.
    """
    if unfit := _unfit(record):
        return unfit
    exponent, half_width, first, is_clear = record.exponent()
    per_atom = MEV_PER_EV / record.n_atoms
    evidence: dict[str, Any] = {
        "timesteps_fs": record.timesteps_fs,
        "sigma_total_mev_per_atom": record.spread_ev * per_atom,
        "sigma_ratio": record.ratios,
        "noise_mev_per_atom": noise(record.noise_total_ev) * per_atom,
    }
    low, high = limits["exponent_low"].value, limits["exponent_high"].value
    timesteps_fs = record.timesteps_fs
    middle = 0.5 * (low + high)
    distance, at_least = abs(exponent - middle), exponent < middle
    status = compare_with_interval(distance, half_width=half_width, threshold=high - middle)
    if not is_clear and status is not Status.PASS:
        spread, hidden = evidence["sigma_total_mev_per_atom"][first], evidence["noise_mev_per_atom"]
        least = f"{NOISE_MARGIN:g} times its noise of {hidden:.2g} meV/atom"
        reason = f"the total energy's spread of {spread:.2g} meV/atom does not exceed {least}"
        return inconclusive(reason, evidence=evidence)
    evidence["exponent_half_width"] = half_width
    clause = (
        f"from {timesteps_fs[first]:g} to {timesteps_fs[-1]:g} fs the spread of the total energy "
        f"goes as the timestep to the power of {exponent:.3g} ± {half_width:.2g} (95 %, "
        f"{len(record.total_ev)} starts; limits {low:g} and {high:g})"
    )
    safe_fs = safe_timestep_fs(timesteps_fs[first:], record.ratios[first:])
    if status is Status.PASS and safe_fs is not None:
        evidence["largest_safe_timestep_fs"] = safe_fs
        clause += f"; timesteps up to {safe_fs:.2g} fs are safe"
    limit = low if at_least else high
    return Judgement(status, clause, exponent, limit, at_least=at_least, evidence=evidence)


def safe_timestep_fs(timesteps_fs: np.ndarray, ratios: np.ndarray) -> float | None:
    """Return the largest timestep at which σ(E_total)/σ(E_kinetic), (D,), stays within 0.05.

    By the power law fitted to them, and never beyond the largest that was run; None where the law
    does not rise.
    """
    if not (np.isfinite(ratios) & (ratios > 0.0)).all():
        return None
    power, offset = np.polyfit(np.log(timesteps_fs), np.log(ratios), 1)
    if power <= 0.0:
        return None
    return float(min(timesteps_fs[-1], np.exp((np.log(LARGEST_RATIO) - offset) / power)))


def noise(energies_ev: np.ndarray) -> float:
    """Estimate the standard deviation of the noise of energies of consecutive steps, eV.

    σ = 1.4826 median |Δ⁶E| / √C(12, 6): the median, so that a rare jump does not count.  Infinite
    where it cannot be estimated.
    """
    if len(energies_ev) < 2 * DIFFERENCES or not np.isfinite(energies_ev).all():
        return math.inf
    spread = float(np.median(np.abs(np.diff(energies_ev, DIFFERENCES))))
    return 1.4826 * spread / math.sqrt(math.comb(2 * DIFFERENCES, DIFFERENCES))


def _unfit(record: Record) -> Judgement | None:
    """Return why energies cannot be compared; None where they can."""
    rows = len(record.time_ps)
    if rows < FEWEST_ROWS:
        return inconclusive(f"each run has {rows} energies (needs at least {FEWEST_ROWS})")
    finite = np.isfinite(record.total_ev).all(axis=(0, 2))
    if finite.all():
        return None
    evidence = {"timesteps_fs": record.timesteps_fs, "finite": finite, "failures": record.failures}
    broken = f"the run with a timestep of {record.timesteps_fs[np.argmin(finite)]:g} fs failed"
    if finite[:-1].all():
        return inconclusive(f"{broken}; a shorter timestep may decide", evidence=evidence)
    return Judgement(Status.FAIL, f"{broken}: its energy is not finite", evidence=evidence)


CHECK = define(
    __name__,
    formula="p = ln(σ(2 dt)/σ(dt/2)) / ln 4, σ the standard deviation of E_total from one start; "
    "mean over starts with its 95 % interval",
    source="leapfrog's shadow Hamiltonian differs in dt²; physical_validation, Merz & Shirts 2018",
    limits={"exponent_low": "ratio", "exponent_high": "ratio"},
    consequence="The energy surface, not the integrator, causes the energy error: no timestep "
    "makes the dynamics conserve energy.",
    remedy="Look at `force_consistency` and `cutoff_continuity`: forces must be the gradient of "
    "the energy, and the energy must not jump; a large exponent needs a shorter timestep.",
    needs=("minimum", "samples"),
)
