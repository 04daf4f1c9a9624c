"""Does the error of the total energy fall as the timestep squared?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, inconclusive
from openmm_mlff.checks.dynamics.second_opinion import convergence_deviation
from openmm_mlff.checks.dynamics.timestep_spreads import (
    NOISE_MARGIN,
    NOISE_STEPS,
    Spreads,
    noise,
)
from openmm_mlff.checks.inputs import NO_START
from openmm_mlff.checks.statistics import compare_with_interval
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV, fs_from_ps, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

FACTORS = (0.5, 1.0, 2.0)  # timesteps, in units of the protocol's first
FEWEST_STARTS, MOST_STARTS = 3, 8
PRECISE = 0.15  # no further start is run when half the interval of the exponent is at most this
FEWEST_ROWS = 20


@record
class Record:
    """Energies of simulations from common starts at three timesteps, the shortest first.

    Attributes:
        timesteps_fs: of the integrator.
        time_ps: of the energies.
        potential_ev: NaN from where a run broke off.
        kinetic_ev: at the time of the positions.
        noise_total_ev: total energy of consecutive steps at the shortest timestep.
        n_atoms: N.
        failures: why a run at each timestep broke off; empty where none did.
    """

    timesteps_fs: np.ndarray = array(len(FACTORS))
    time_ps: np.ndarray = array("rows")
    potential_ev: np.ndarray = array("starts", len(FACTORS), "rows")
    kinetic_ev: np.ndarray = array("starts", len(FACTORS), "rows")
    noise_total_ev: np.ndarray = array("steps")
    n_atoms: int
    failures: tuple[str, ...]

    @property
    def total_ev(self) -> np.ndarray:
        """Total energies, (starts, timesteps, rows)."""
        return np.asarray(self.potential_ev + self.kinetic_ev)

    @property
    def spreads(self) -> Spreads:
        """Standard deviations from each start at each timestep."""
        return Spreads(
            self.timesteps_fs,
            self.total_ev.std(axis=-1),
            self.kinetic_ev.std(axis=-1),
            noise(self.noise_total_ev),
        )

    @property
    def is_precise(self) -> bool:
        """Whether the exponent is known to :data:`PRECISE`, or no further start would help."""
        if any(self.failures):
            return True
        first = self.spreads.first_above_noise()
        return first is None or self.spreads.exponent(first, len(FACTORS) - 1)[1] <= PRECISE


def measure(subject: "Subject") -> Record | NotApplicable | Skipped:
    """Run at constant energy with three timesteps from each of several points of a Langevin run.

    Starts are added until the exponent is known to 0.15, up to eight.  Energies are taken at common
    times, at multiples of the longest timestep.
    """
    if subject.asked.n_atoms < 2:
        return NotApplicable("one atom has no internal motion to integrate")
    starts = subject.experiments.langevin_starts(MOST_STARTS)
    if not starts:
        return Skipped(NO_START)
    timesteps_fs = subject.timestep_fs * np.array(FACTORS)
    interval_fs = float(timesteps_fs[-1])
    rows = max(2, 1 + round(fs_from_ps(subject.spec.convergence_ps) / interval_fs))
    noisy, _ = subject.experiments.run_nve(
        starts[0], timestep_fs=float(timesteps_fs[0]), rows=NOISE_STEPS, interval_steps=1
    )
    found: list[list[tuple[np.ndarray, str]]] = []
    for start in starts:
        runs = [
            subject.experiments.run_nve(
                start,
                timestep_fs=float(timestep_fs),
                rows=rows,
                interval_steps=round(interval_fs / timestep_fs),
            )
            for timestep_fs in timesteps_fs
        ]
        found.append(runs)
        energies = np.array([[each for each, _ in runs] for runs in found])
        so_far = Record(
            timesteps_fs=timesteps_fs,
            time_ps=ps_from_fs(interval_fs) * np.arange(rows),
            potential_ev=energies[:, :, 0],
            kinetic_ev=energies[:, :, 1],
            noise_total_ev=noisy.sum(axis=0),
            n_atoms=subject.asked.n_atoms,
            failures=tuple(
                next((why for _, why in runs if why), "") for runs in zip(*found, strict=True)
            ),
        )
        if len(found) >= FEWEST_STARTS and so_far.is_precise:
            break
    return so_far


def judge(record: Record, limits: Limits) -> Judgement:
    """Check that p of σ(E_total) ∝ dt^p lies from ``exponent_low`` to ``exponent_high``.

    Leapfrog follows a shadow Hamiltonian that differs from the true one by a term in dt², so that
    p = 2; an error of the energy surface (forces that are not its gradient, a jump) does not fall
    with the timestep and gives a smaller p.  So does noise of the energies, which is not such an
    error: a timestep whose spread is less than three times the noise is left out.  p is taken over
    the widest pair of timesteps, with its interval over the starts.  INCONCLUSIVE where the
    interval includes a limit, noise leaves no pair, nothing moves, or a run at the longest timestep
    broke.
    """
    if unfit := _unfit(record):
        return unfit
    spreads = record.spreads
    first, last = spreads.first_above_noise(), len(FACTORS) - 1
    evidence = _spread_evidence(record, spreads)
    if first is None:
        reason = (
            f"the total energy's spread of {evidence['sigma_total_mev_per_atom'][1]:.2g} meV/atom "
            f"does not exceed {NOISE_MARGIN:g} times its noise of "
            f"{evidence['noise_mev_per_atom']:.2g} meV/atom"
        )
        return inconclusive(reason, evidence=evidence)
    low, high = limits["exponent_low"].value, limits["exponent_high"].value
    exponent, half_width = spreads.exponent(first, last)
    middle = 0.5 * (low + high)
    status = compare_with_interval(
        abs(exponent - middle), half_width=half_width, threshold=high - middle
    )
    safe_fs = spreads.safe_timestep_fs(first=first) if status is Status.PASS else None
    library, agrees = _library(record, low=low, high=high, exponent=exponent)
    notes = [] if safe_fs is None else [f"timesteps up to {safe_fs:.2g} fs are safe"]
    if not agrees:
        notes.append(f"physical_validation disagrees, with a deviation of {library:.2g}")
    evidence |= {
        "exponent": exponent,
        "exponent_half_width": half_width,
        "exponent_by_start": spreads.exponents(first, last),
        "between_timesteps_fs": spreads.timesteps_fs[[first, -1]],
        "pairwise_exponents": [spreads.exponent(k, k + 1)[0] for k in range(first, last)],
        "largest_safe_timestep_fs": safe_fs,
        "detection_limit_mev_per_atom": spreads.least_error_ev(first=first, low=low)
        * (MEV_PER_EV / record.n_atoms),
        "physical_validation_deviation": library,
        "physical_validation_agrees": agrees,
    }
    clause = (
        f"from {spreads.timesteps_fs[first]:g} to {spreads.timesteps_fs[-1]:g} fs the spread of "
        f"the total energy goes as the timestep to the power of {exponent:.3g} ± {half_width:.2g} "
        f"(95 %, {len(record.total_ev)} starts; limits {low:g} and {high:g})"
    )
    is_low = exponent < middle
    return Judgement(
        status,
        clause + (f" ({'; '.join(notes)})" if notes else ""),
        value=exponent,
        threshold=low if is_low else high,
        at_least=is_low,
        evidence=evidence,
    )


def _spread_evidence(record: Record, spreads: Spreads) -> dict[str, Any]:
    """Return the spreads and the noise of the energies at each timestep."""
    per_atom = MEV_PER_EV / record.n_atoms
    return {
        "timesteps_fs": spreads.timesteps_fs,
        "starts": len(spreads.each_total_ev),
        "sigma_total_mev_per_atom": spreads.total_ev * per_atom,
        "sigma_kinetic_mev_per_atom": spreads.each_kinetic_ev.mean(axis=0) * per_atom,
        "sigma_ratio": spreads.ratios,
        "noise_mev_per_atom": spreads.noise_ev * per_atom,
        "rows": len(record.time_ps),
    }


def _unfit(record: Record) -> Judgement | None:
    """Return why energies cannot be compared; None where they can."""
    rows = len(record.time_ps)
    if rows < FEWEST_ROWS:
        return inconclusive(f"each run has {rows} energies (needs at least {FEWEST_ROWS})")
    finite = np.isfinite(record.total_ev).all(axis=(0, 2))
    if finite.all():
        return None
    evidence = {"timesteps_fs": record.timesteps_fs, "finite": finite, "failures": record.failures}
    shortest = int(np.argmin(finite))
    broke = f"the run with a timestep of {record.timesteps_fs[shortest]:g} fs broke"
    if shortest < len(finite) - 1:
        clause = f"{broke}: its energy is not finite"
        return Judgement(Status.FAIL, clause, evidence=evidence)
    return inconclusive(
        f"{broke}, so the exponent is not known up to there; a shorter timestep may decide",
        evidence=evidence,
    )


def _library(record: Record, *, low: float, high: float, exponent: float) -> tuple[float, bool]:
    """Return the deviation by `physical_validation`, and whether it agrees.

    The library has no limit of its own: between neighbouring timesteps, a factor k apart, an
    exponent of p is a deviation of |1 − k^(p − 2)|, so our limits of p give one.
    """
    total = record.total_ev - record.total_ev.mean(axis=-1, keepdims=True)
    joined = np.swapaxes(total, 0, 1).reshape(len(record.timesteps_fs), -1)
    deviation = convergence_deviation(dict(zip(record.timesteps_fs.tolist(), joined, strict=True)))
    step = record.timesteps_fs[1] / record.timesteps_fs[0]
    allowed = max(abs(1.0 - step ** (bound - 2.0)) for bound in (low, high))
    return deviation, bool(deviation <= allowed) == (low <= exponent <= high)


CHECK = Check(
    id="timestep_convergence",
    group="dynamics",
    question="Does the error of the total energy fall as the timestep squared?",
    formula="p = ln(σ(2 dt)/σ(dt/2)) / ln 4, σ the standard deviation of E_total from one start; "
    "mean over starts with its 95 % interval",
    unit="ratio",
    source="leapfrog's shadow Hamiltonian differs in dt²; physical_validation, Merz & Shirts 2018",
    limits={"exponent_low": "ratio", "exponent_high": "ratio"},
    consequence="The energy surface, not the integrator, causes the energy error: no timestep "
    "makes the dynamics conserve energy.",
    remedy="Look at `force_consistency` and `cutoff_continuity`: forces must be the gradient of "
    "the energy, and the energy must not jump; a large exponent needs a shorter timestep.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "samples"),
)
