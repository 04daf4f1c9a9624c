"""Are the forces the negative gradient of the energy?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, judged
from openmm_mlff.checks.inputs import largest, refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

STEPS_ANGSTROM = np.array([3e-2, 1e-2, 3e-3, 1e-3, 3e-4])
"""Each is a length in the space of all coordinates; the best is chosen by the noise."""

GAUSS_POINTS = (12, 8)
"""Of the integral along a path, and of a coarser one that tells how accurate it is."""

LONGEST_PATH_ANGSTROM = 0.3
"""Of any atom: longer paths would lead atoms through each other."""

QUADRATURE_MARGIN = 3.0
"""Work counts only above this many times the difference of two quadratures."""


@record
class Record(Noisy):
    """Differences of the energy against forces at G geometries, and work along G paths.

    Attributes:
        steps_angstrom: h, descending.
        differences: (E(x+hd) − E(x−hd)) / 2h in directions d, eV/Å.
        projected_forces: F·d, eV/Å.
        refused: geometries at which the potential refused a point.
        work_energy_changes_ev: ΔE along the path that starts at each geometry.
        work_integrals_ev: ∫F·dl.
        work_integrals_coarse_ev: the same with fewer points.
        work_refused: paths on which it refused a point.
    """

    steps_angstrom: np.ndarray = array("steps")
    differences: np.ndarray = array("steps", "geometries", "directions")
    projected_forces: np.ndarray = array("geometries", "directions")
    refused: np.ndarray = array("geometries")
    work_energy_changes_ev: np.ndarray = array("geometries")
    work_integrals_ev: np.ndarray = array("geometries")
    work_integrals_coarse_ev: np.ndarray = array("geometries")
    work_refused: np.ndarray = array("geometries")


def measure(subject: "Subject") -> Record:
    """Evaluate each geometry, steps in random directions from it, and a path to the next one."""
    geometries = subject.geometries()
    shape = (len(geometries), -1, *geometries.shape[1:])
    directions = _directions(subject, geometries)
    ways = _ways(geometries)
    rules = [np.polynomial.legendre.leggauss(points) for points in GAUSS_POINTS]
    fractions = np.concatenate([*(0.5 * (nodes + 1.0) for nodes, _ in rules), [1.0]])
    signed = np.concatenate([STEPS_ANGSTROM, -STEPS_ANGSTROM])[:, None, None, None]
    stepped = geometries[:, None, None] + signed * directions[:, None]
    walked = geometries[:, None] + fractions[:, None, None] * ways[:, None]
    placed = np.concatenate([geometries[:, None], stepped.reshape(shape), walked], axis=1)
    found = subject.evaluate(placed.reshape(-1, *geometries.shape[1:]))

    at = np.cumsum([1, stepped.shape[1] * stepped.shape[2]])
    own, ladder, path = np.split(found.energies_ev.reshape(placed.shape[:2]), at, axis=1)
    forces = found.forces_ev_per_angstrom.reshape(placed.shape)
    refused = found.refused.reshape(placed.shape[:2])
    forward, backward = ladder.reshape(len(geometries), 2, len(STEPS_ANGSTROM), -1).swapaxes(0, 1)
    along = (forces[:, at[1] : -1] * ways[:, None]).sum(axis=(2, 3))
    fine, coarse = np.split(along, [GAUSS_POINTS[0]], axis=1)
    return Record(
        steps_angstrom=STEPS_ANGSTROM,
        differences=((forward - backward) / (2.0 * STEPS_ANGSTROM[:, None])).swapaxes(0, 1),
        projected_forces=(forces[:, :1] * directions).sum(axis=(2, 3)),
        refused=np.any(refused[:, : at[1]], axis=1),
        work_energy_changes_ev=path[:, -1] - own[:, 0],
        work_integrals_ev=fine @ (0.5 * rules[0][1]),
        work_integrals_coarse_ev=coarse @ (0.5 * rules[1][1]),
        work_refused=refused[:, at[1] :].any(axis=1) | refused[:, 0],
        refusals=found.reasons,
        **noise_of(subject),
    )


def _directions(subject: "Subject", geometries: np.ndarray) -> np.ndarray:
    """Draw orthonormal directions for each geometry, (G, K, N, 3)."""
    count, n_atoms = geometries.shape[:2]
    rng = np.random.default_rng(subject.seed)
    drawn = rng.normal(size=(count, 3 * n_atoms, min(subject.spec.directions, 3 * n_atoms)))
    orthonormal = np.linalg.qr(drawn)[0].swapaxes(1, 2)
    return orthonormal.reshape(count, -1, n_atoms, 3)


def _ways(geometries: np.ndarray) -> np.ndarray:
    """Return straight paths from each geometry towards the next, (G, N, 3), Å."""
    ways = np.roll(geometries, -1, axis=0) - geometries
    longest = np.linalg.norm(ways, axis=2).max(axis=1)
    shorter = np.minimum(1.0, LONGEST_PATH_ANGSTROM / np.maximum(longest, 1e-12))
    return np.asarray(ways * shorter[:, None, None])


def errors_by_step(record: Record) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the RMS of difference minus force, and a difference's noise and truncation, meV/Å."""
    steps = record.steps_angstrom
    slopes = record.differences[:, ~record.refused]
    # Truncation goes as h²: slopes at neighbouring steps h and h' differ by 1 − (h'/h)² of it at h.
    ratios = (steps[1:] / steps[:-1]) ** 2
    truncation = _rms(slopes[:-1] - slopes[1:]) / (1.0 - ratios)
    return (
        _rms(slopes + record.projected_forces[~record.refused]) * MEV_PER_EV,
        record.energy_noise_ev / (np.sqrt(2.0) * steps) * MEV_PER_EV,
        np.append(truncation, truncation[-1] * ratios[-1]) * MEV_PER_EV,
    )


def _rms(values: np.ndarray) -> np.ndarray:
    """Return the root mean square over all but the first axis."""
    return np.asarray(np.sqrt(np.mean(values**2, axis=tuple(range(1, values.ndim)))))


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare both at the step of the smallest own error with their limits.

    Args:
        record: the differences and the work.
        limits: ``difference`` (meV/Å), ``work`` (meV).

    Returns:
        PASS where both are within their limits, or within three times their own error.
    """
    refused = np.concatenate([record.refused, record.work_refused])
    undecided = too_many_refused(refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    rms, noise, truncation = errors_by_step(record)
    own = np.hypot(noise, truncation)
    best = int(np.argmin(np.where(np.isfinite(own), own, np.inf)))
    step, detectable = float(record.steps_angstrom[best]), DETECTABLE_SIGMAS * float(own[best])
    clause = f"the forces differ from the slope of the energy (steps of {step:g} Å) by an RMS of"
    allowed = _raised(limits["difference"], least=detectable)
    work, evidence = _judge_work(record, limits["work"])
    return judged(
        [Measure(clause, float(rms[best]), allowed), work],
        evidence={
            "steps_angstrom": record.steps_angstrom,
            "rms_mev_per_angstrom_by_step": rms,
            "noise_mev_per_angstrom_by_step": noise,
            "truncation_mev_per_angstrom_by_step": truncation,
            "chosen_step_angstrom": step,
            "detection_limit": detectable,
            **evidence,
        },
        note=refusal_note(refused),
    )


def _raised(limit: Threshold, *, least: float) -> Threshold:
    """Return a limit that is at least what a difference can resolve."""
    if not least > limit.value:
        return limit
    source = "three times the difference's own error"
    return limit.model_copy(update={"value": least, "source": source})


def _judge_work(record: Record, limit: Threshold) -> tuple[Measure, dict[str, Any]]:
    """Compare energy gained and work done along each path, above the quadrature's own error."""
    kept = ~record.work_refused
    fine, coarse = record.work_integrals_ev[kept], record.work_integrals_coarse_ev[kept]
    missing = np.abs(record.work_energy_changes_ev[kept] + fine) * MEV_PER_EV
    own = QUADRATURE_MARGIN * np.abs(fine - coarse) * MEV_PER_EV
    # A path whose integral is too inaccurate decides nothing; NaN decides.
    seen = np.where(missing <= own, np.minimum(missing, limit.value), missing)
    clause = "the work along a path differs from the change of the energy by up to"
    return Measure(clause, largest(seen), limit), {
        "work_mev_by_path": missing,
        "quadrature_error_mev_by_path": own,
        "paths_too_rough_to_judge": int(np.sum((missing > limit.value) & (missing <= own))),
    }


CHECK = Check(
    id="force_consistency",
    group="surface",
    question="Are the forces the negative gradient of the energy?",
    formula="RMS of (E(x+hd) − E(x−hd))/2h + F·d, h by the noise; |ΔE + ∫F·dl| along paths",
    unit="meV/Å",
    limits={"difference": "meV/Å", "work": "meV"},
    source="healthy float32 students 0.05–0.14 meV/Å and 0.07–0.45 meV; GFN2-xTB 0.03–0.06 meV/Å",
    consequence="Forces and energy belong to different surfaces: the total energy is not "
    "conserved, or only by chance, and a thermostat hides it.",
    remedy="Compute the forces by automatic differentiation of the reported energy; look for a "
    "wrong sign, a wrong unit, detached tensors or a separate force head.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "trajectories", "noise"),
)
