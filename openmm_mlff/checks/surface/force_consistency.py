"""Are the forces the negative gradient of the energy?"""

from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import largest, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.checks.surface.proportion import fit_factor, rms
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

STEPS_ANGSTROM = np.array([3e-2, 1e-2, 3e-3, 1e-3, 3e-4])  # in the space of all coordinates
GAUSS_POINTS = (24, 16)
"""Of the integral along a path, and of a coarser one that shows its error.  The second derivatives
of many networks jump: on a path of 0.3 Å, 12 points left up to 7 meV for ANI-2x."""

# Of the atom that moves most: a shorter path hides the work, and on a longer one atoms may collide.
SHORTEST_PATH_ANGSTROM, LONGEST_PATH_ANGSTROM = 0.2, 0.3
QUADRATURE_MARGIN = 3.0  # work is judged above this many times the difference of two quadratures


@record
class Record(Noisy):
    """Differences of the energy at geometries, and work along a path from each."""

    steps_angstrom: np.ndarray = array("steps")  # h, descending
    # (E(x+hd) − E(x−hd)) / 2h in directions d, eV/Å
    differences: np.ndarray = array("steps", "geometries", "directions")
    projected_forces: np.ndarray = array("geometries", "directions")  # F·d, eV/Å
    refused: np.ndarray = array("geometries")  # geometries with a refused point
    work_energy_changes_ev: np.ndarray = array("geometries")  # ΔE along the path from each geometry
    work_integrals_ev: np.ndarray = array("geometries")  # ∫F·dl
    work_integrals_coarse_ev: np.ndarray = array("geometries")  # the same with fewer points
    # of the paths, in the space of all coordinates
    work_lengths_angstrom: np.ndarray = array("geometries")
    work_refused: np.ndarray = array("geometries")  # paths with a refused point


def measure(subject: Subject) -> Record:
    """Evaluate each geometry, steps in random directions from it, and a path to the next one."""
    geometries = subject.geometries()
    directions, ways = _directions(subject, geometries), _ways(geometries)
    rules = [np.polynomial.legendre.leggauss(points) for points in GAUSS_POINTS]
    fractions = np.concatenate([*(0.5 * (nodes + 1.0) for nodes, _ in rules), [1.0]])
    steps = np.multiply.outer([1.0, -1.0], STEPS_ANGSTROM)[..., None, None, None, None]
    own = subject.evaluate(geometries)
    ladder = subject.evaluate(geometries[:, None] + steps * directions)
    path = subject.evaluate(geometries[:, None] + fractions[:, None, None] * ways[:, None])
    forward, backward = ladder.energies_ev
    forces = own.forces_ev_per_angstrom
    along = (path.forces_ev_per_angstrom[:, :-1] * ways[:, None]).sum(axis=(2, 3))
    fine, coarse = np.split(along, [GAUSS_POINTS[0]], axis=1)
    return Record(
        steps_angstrom=STEPS_ANGSTROM,
        differences=(forward - backward) / (2.0 * STEPS_ANGSTROM[:, None, None]),
        projected_forces=(forces[:, None] * directions).sum(axis=(2, 3)),
        refused=own.refused | ladder.refused.any(axis=(0, 1, 3)),
        work_energy_changes_ev=path.energies_ev[:, -1] - own.energies_ev,
        work_integrals_ev=fine @ (0.5 * rules[0][1]),
        work_integrals_coarse_ev=coarse @ (0.5 * rules[1][1]),
        work_lengths_angstrom=np.linalg.norm(ways, axis=(1, 2)),
        work_refused=own.refused | path.refused.any(axis=1),
        refusals=(*own.reasons, *ladder.reasons, *path.reasons)[:10],
        **noise_of(subject),
    )


def _directions(subject: Subject, geometries: np.ndarray) -> np.ndarray:
    """Return random orthonormal directions for each geometry, (G, K, N, 3)."""
    count, n_atoms = geometries.shape[:2]
    rng = np.random.default_rng(subject.seed)
    drawn = rng.normal(size=(count, 3 * n_atoms, min(subject.spec.directions, 3 * n_atoms)))
    orthonormal = np.linalg.qr(drawn)[0].swapaxes(1, 2)
    return orthonormal.reshape(count, -1, n_atoms, 3)


def _ways(geometries: np.ndarray) -> np.ndarray:
    """Return straight paths from each geometry towards the next, (G, N, 3), Å."""
    ways = np.roll(geometries, -1, axis=0) - geometries
    longest = np.linalg.norm(ways, axis=2).max(axis=1)
    wanted = np.clip(longest, SHORTEST_PATH_ANGSTROM, LONGEST_PATH_ANGSTROM)
    # There is no path between equal geometries, such as those of one atom without a force.
    factors = np.where(longest > 1e-9, wanted / np.maximum(longest, 1e-9), 0.0)
    return np.asarray(ways * factors[:, None, None])


class Comparison(NamedTuple):
    """Forces compared with slopes of the energy in one way, meV/Å."""

    name: str
    rms: float  # root mean square of the difference
    detectable: float  # three standard errors of the difference for a perfect potential
    factor: tuple[float, str]  # F/(−dE/dx), NaN where it is not known, and its cause


def _compared(name: str, forces: np.ndarray, slopes: np.ndarray, *, error: float) -> Comparison:
    """Compare; `error` is one standard error of a slope."""
    factor = fit_factor(forces, slopes, error=error)
    return Comparison(name, rms(forces - slopes), DETECTABLE_SIGMAS * error, factor)


def _compare_steps(record: Record) -> list[Comparison]:
    """Return one comparison for each step, the widest first."""
    steps, known = record.steps_angstrom, ~record.refused
    slopes = -record.differences[:, known] * MEV_PER_EV
    forces = record.projected_forces[known] * MEV_PER_EV
    noises = _noise_mev(record) / (np.sqrt(2.0) * steps)
    # Truncation goes as h²: slopes at neighbouring steps h and h' differ by 1 − (h'/h)² of it at h.
    # They also differ by the noise of both, below which a truncation cannot be shown to be small.
    ratios = (steps[1:] / steps[:-1]) ** 2
    truncation = np.array([rms(change) for change in np.diff(slopes, axis=0)]) / (1.0 - ratios)
    errors = np.hypot(noises, np.append(truncation, truncation[-1] * ratios[-1]))
    ladder = zip(steps, slopes, errors.tolist(), strict=True)
    return [_compared(f"steps of {h:g} Å", forces, slope, error=own) for h, slope, own in ladder]


def _compare_work(record: Record) -> Comparison:
    """Return the comparison along whole paths, which a coarse energy needs."""
    known = ~record.work_refused & (record.work_lengths_angstrom > 0.0)
    scale = MEV_PER_EV / record.work_lengths_angstrom[known]
    forces, slopes = record.work_integrals_ev[known], -record.work_energy_changes_ev[known]
    quadrature = rms((forces - record.work_integrals_coarse_ev[known]) * scale)
    noise = np.sqrt(2.0) * _noise_mev(record) * rms(scale) / MEV_PER_EV
    name, error = "work along paths over their length", float(np.hypot(noise, quadrature))
    return _compared(name, forces * scale, slopes * scale, error=error)


def _noise_mev(record: Record) -> float:
    """Return the standard deviation of the energies; infinite where it is not known."""
    return MEV_PER_EV * float(np.nan_to_num(record.energy_noise_ev, nan=np.inf, posinf=np.inf))


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare with ``difference`` (meV/Å) and ``work`` (meV).

    The step with the smallest own error is judged, and where it hides the limit, whole paths, too.
    PASS where one comparison is within the limit and none beyond it and three times its own error;
    FAIL where one is beyond both; else INCONCLUSIVE.
    """
    refused = np.concatenate([record.refused, record.work_refused])
    if undecided := too_many_refused(refused, reasons=record.refusals):
        return undecided
    limit, ladder = limits["difference"], _compare_steps(record)
    best = min(ladder, key=attrgetter("detectable"))
    compared = [best] if best.detectable <= limit.value else [best, _compare_work(record)]
    finest = min(compared, key=attrgetter("detectable"))
    factor, cause = finest.factor
    work, evidence = _judge_work(record, limits["work"])
    evidence |= {
        "steps_angstrom": record.steps_angstrom,
        "rms_mev_per_angstrom_by_step": [each.rms for each in ladder],
        "compared_by": finest.name,
        "detection_limit": finest.detectable,
        "force_over_slope": factor,
        "force_over_slope_cause": cause,
    }
    beyond = [each for each in compared if not each.rms <= max(limit.value, each.detectable)]
    within = [each for each in compared if each.rms <= limit.value]
    shown = (beyond or within or [finest])[-1]
    clause = f"the forces differ from the slope of the energy ({shown.name}) by an RMS of"
    difference = Measure(clause, shown.rms, limit)
    if not beyond and not within and work.ok:
        reason = f"the noise of the energy hides up to {shown.detectable:.3g} meV/Å"
        return inconclusive(f"{difference.text()}, and {reason}", evidence=evidence)
    fitted = f"fitted F/(−dE/dx) = {factor:#.3g}" if np.isfinite(factor) else ""
    note = ", ".join(filter(None, (fitted, cause)))
    return judged([difference, work], evidence=evidence, note=note, refused=refused)


def _judge_work(record: Record, limit: Threshold) -> tuple[Measure, dict[str, Any]]:
    """Compare the energy change with the work along each path, above noise and quadrature error."""
    known = ~record.work_refused
    fine, coarse = record.work_integrals_ev[known], record.work_integrals_coarse_ev[known]
    missing = np.abs(record.work_energy_changes_ev[known] + fine) * MEV_PER_EV
    noise = DETECTABLE_SIGMAS * np.sqrt(2.0) * _noise_mev(record)
    own = np.hypot(QUADRATURE_MARGIN * np.abs(fine - coarse) * MEV_PER_EV, noise)
    # A path whose own error is larger cannot fail; NaN fails.
    seen = np.where(missing <= own, np.minimum(missing, limit.value), missing)
    clause = "the work along a path differs from the change of the energy by up to"
    evidence = {"work_mev_by_path": missing, "own_error_mev_by_path": own}
    return Measure(clause, largest(seen), limit), evidence


CHECK = define(
    __name__,
    formula="RMS of (E(x+hd) − E(x−hd))/2h + F·d, h by the noise; |ΔE + ∫F·dl| along paths; fitted "
    "F/(−dE/dx)",
    limits={"difference": "meV/Å", "work": "meV"},
    source="healthy float32 students 0.05–0.14 meV/Å and 0.07–0.45 meV; GFN2-xTB 0.03–0.06 meV/Å",
    consequence="The total energy is not conserved, and a thermostat hides it.",
    remedy="Compute the forces by automatic differentiation of the reported energy; look for a "
    "wrong sign, a wrong unit, detached tensors or a separate force head.",
    needs=(*OWN_GEOMETRIES, "noise"),
)
