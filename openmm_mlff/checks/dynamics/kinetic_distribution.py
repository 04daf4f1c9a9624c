"""Do the velocities follow the Maxwell–Boltzmann distribution, for every element alike?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, inconclusive
from openmm_mlff.checks.dynamics.kinetic_record import ALL_ATOMS, Record, groups_of
from openmm_mlff.checks.dynamics.kinetic_statistics import (
    KineticSample,
    of_family,
    single_deviation,
)
from openmm_mlff.checks.dynamics.second_opinion import kinetic_deviations
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

HALF_DEVIATION = 2.0
"""Both halves of a run must deviate by this, and in the same direction, before it fails."""

FEWEST_INDEPENDENT = 5.0
"""Of the strongly coupled samples, whose correlation is estimated from themselves."""

WEAK_FRICTION_PER_PS = 1.0
"""A heating power P raises the temperature by P/(γ f k_B): ten times as much as at 10/ps."""

RELAXATION_SHARE, WEAK_SHARE, GLOBAL_SHARE = 0.125, 0.5, 0.375
"""Of the protocol's ``thermostats_ps``; heat builds up over 1/γ before it is sampled."""

GLOBAL_RUNS = 4

STRONG, WEAK, GLOBAL = "under strong friction", "under weak friction", "under a global thermostat"


@dataclass(frozen=True)
class Deviation:
    """One test of one group in one run, in standard deviations with their sign.

    Attributes:
        run: under which thermostat.
        sample: kinetic energies.
        quantity: ``mean`` or ``width``.
        sigma: the deviation.
        library_sigma: by `physical_validation`; None where its bootstrap has too few samples.
    """

    run: str
    sample: KineticSample
    quantity: str
    sigma: float
    library_sigma: float | None = None

    def of(self, sample: KineticSample) -> float:
        """Return the same test of other samples."""
        return sample.mean_deviation() if self.quantity == "mean" else sample.width_deviation()

    def confirmed(self, limit: float) -> bool:
        """Return whether both halves deviate in the same direction, and the library agrees."""
        halves = [math.copysign(1.0, self.sigma) * self.of(self.sample.half(k)) for k in (0, 1)]
        # NaN from the library is no agreement with Maxwell and Boltzmann either.
        agreed = self.library_sigma is None or not self.library_sigma <= limit
        return min(halves) > HALF_DEVIATION and agreed


def measure(subject: "Subject") -> Record:
    """Run at weak friction and under a global thermostat, from points of the shared samples."""
    samples = subject.samples
    groups, members, freedom = groups_of(samples)
    weights = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * samples.masses_amu[:, None] * members
    strong = (samples.velocities_angstrom_per_ps**2).sum(axis=2) @ weights
    length_ps = subject.spec.thermostats_ps
    failure = samples.failure and f"the Langevin run broke: {samples.failure}"
    weak, runs = np.empty((0, len(groups))), []
    thermostats = subject.experiments.thermostats
    starts = subject.experiments.langevin_starts(GLOBAL_RUNS)
    if starts:
        energies, broken = thermostats.langevin_kinetic_ev(
            starts[-1],
            friction_per_ps=WEAK_FRICTION_PER_PS,
            duration_ps=(RELAXATION_SHARE + WEAK_SHARE) * length_ps,
            weights=weights,
        )
        relaxed = RELAXATION_SHARE / (RELAXATION_SHARE + WEAK_SHARE)
        weak = energies[round(relaxed * len(energies)) :]
        failure = broken and f"the Langevin run at {WEAK_FRICTION_PER_PS:g}/ps broke: {broken}"
    for start in starts if len(groups) > 1 and not failure else ():
        energies, broken = thermostats.nose_hoover_kinetic_ev(
            start, duration_ps=GLOBAL_SHARE * length_ps / len(starts), weights=weights
        )
        if broken:
            failure = f"the run under a global thermostat broke: {broken}"
            break
        runs.append(energies)
    return Record(
        groups=groups,
        degrees_of_freedom=freedom,
        strong_kinetic_ev=strong,
        weak_kinetic_ev=weak,
        global_kinetic_ev=np.array(runs) if runs else np.empty((0, 0, len(groups))),
        weak_friction_per_ps=WEAK_FRICTION_PER_PS,
        weak_ps=WEAK_SHARE * length_ps,
        temperature_kelvin=samples.temperature_kelvin,
        failure=failure,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the kinetic energy with Maxwell's and Boltzmann's under three thermostats.

    - The shared samples, strongly coupled: mean and width for all atoms, with all degrees of
      freedom of the system, and for every element, with three an atom, since nothing removes
      motion.  The correlation is estimated from the samples, and ``physical_validation`` is given
      them, thinned until they are independent, as a second opinion.
    - Weak friction, at which forces that heat show: the mean of each group over t, worth γt.
    - A global thermostat, which keeps the total right while elements differ: the mean of each
      element.  The canonical distribution is stationary under it, though a small molecule does not
      explore it in one run; so each start is worth one sample.

    The largest deviation counts, as that of one test.

    Args:
        record: the kinetic energies.
        limits: ``deviation`` (σ).

    Returns:
        PASS where the deviation is within the limit.  FAIL where it is beyond, both halves of the
        run (or of the starts) deviate by more than 2 σ in the same direction, and the library
        agrees; also where the molecule broke.  Else INCONCLUSIVE: a longer run decides.
    """
    limit = limits["deviation"]
    if record.failure:
        return Judgement(Status.FAIL, record.failure, threshold=limit.value)
    strong, weak, global_ = record.samples()
    if not all(np.isfinite(sample.reduced).all() for sample in (*strong, *weak, *global_)):
        return Judgement(Status.FAIL, "velocities are not finite", threshold=limit.value)
    short = _too_short(record, strong)
    if short:
        return inconclusive(f"{short}; sample longer")
    deviations = [
        *(one for s in strong for one in _strong(s, temperature_kelvin=record.temperature_kelvin)),
        *(Deviation(WEAK, sample, "mean", sample.mean_deviation()) for sample in weak),
        *(Deviation(GLOBAL, sample, "mean", sample.mean_deviation()) for sample in global_),
    ]
    return _compare(deviations, limit=limit, record=record)


def _too_short(record: Record, strong: Sequence[KineticSample]) -> str:
    """Return what is too short to be judged; empty where nothing is."""
    fewest = min(sample.independent() for sample in strong)
    if fewest < FEWEST_INDEPENDENT:
        return (
            f"the run is worth {fewest:.1f} independent samples, and at least "
            f"{FEWEST_INDEPENDENT:g} are needed"
        )
    if record.relaxations < 1.0:
        return f"the run at weak friction lasted {record.relaxations:.2g} of its relaxation time"
    return ""


def _strong(sample: KineticSample, *, temperature_kelvin: float) -> list[Deviation]:
    """Test mean and width of one group of the shared samples."""
    apart = math.ceil(sample.correlation())
    library = kinetic_deviations(
        BOLTZMANN_EV_PER_KELVIN * temperature_kelvin * sample.reduced[::apart],
        degrees_of_freedom=sample.degrees_of_freedom,
        temperature_kelvin=temperature_kelvin,
    )
    own = sample.mean_deviation(), sample.width_deviation()
    return [
        Deviation(STRONG, sample, name, sigma, theirs)
        for name, sigma, theirs in zip(("mean", "width"), own, library, strict=True)
    ]


def _compare(deviations: Sequence[Deviation], *, limit: Threshold, record: Record) -> Judgement:
    worst = max(deviations, key=lambda deviation: abs(deviation.sigma))
    value = of_family(worst.sigma, tests=len(deviations))
    evidence = _evidence(deviations, limit=limit, record=record)
    target_kelvin = record.temperature_kelvin
    group = worst.sample.group if worst.sample.group == ALL_ATOMS else f"{worst.sample.group} atoms"
    clause = (
        f"the {worst.quantity} of the kinetic energy of {group} {worst.run} deviates by "
        f"{value:.2g} {limit.unit} (limit {limit.value:g} {limit.unit}; its mean is that of "
        f"{worst.sample.temperature_ratio * target_kelvin:.0f} K at {target_kelvin:g} K)"
    )
    status = Status.FAIL
    if value <= limit.value:
        status = Status.PASS
        seen = evidence["smallest_detectable_percent_of_temperature"]
        listed = ", ".join(f"{percent:.0f} % {run}" for run, percent in seen.items())
        heated = evidence["smallest_detectable_heating_kelvin"]
        clause += (
            f"; detectable in every group: {listed}; all atoms heated by {heated:.0f} K at "
            f"{record.weak_friction_per_ps:g}/ps"
        )
    elif not worst.confirmed(limit.value):
        status = Status.INCONCLUSIVE
        clause += ", but not in both halves of the run alike; sample longer"
    return Judgement(status, clause, value=value, threshold=limit.value, evidence=evidence)


def _evidence(
    deviations: Sequence[Deviation], *, limit: Threshold, record: Record
) -> dict[str, Any]:
    needed = single_deviation(limit.value, tests=len(deviations))
    target_kelvin = record.temperature_kelvin
    means = [deviation for deviation in deviations if deviation.quantity == "mean"]
    seen: dict[str, float] = {}
    for deviation in means:
        percent = 100.0 * deviation.sample.least_heating(needed)
        seen[deviation.run] = max(percent, seen.get(deviation.run, 0.0))
    everything = next(deviation.sample for deviation in means if deviation.run == WEAK)
    return {
        "temperature_kelvin": target_kelvin,
        "samples": len(record.strong_kinetic_ev),
        "tests": [
            {
                "run": deviation.run,
                "group": deviation.sample.group,
                "quantity": deviation.quantity,
                "deviation_sigma": deviation.sigma,
                "physical_validation_sigma": deviation.library_sigma,
                "degrees_of_freedom": deviation.sample.degrees_of_freedom,
                "independent_samples": deviation.sample.independent(),
                "temperature_kelvin": deviation.sample.temperature_ratio * target_kelvin,
            }
            for deviation in deviations
        ],
        "smallest_detectable_percent_of_temperature": seen,
        "smallest_detectable_heating_kelvin": target_kelvin * everything.least_heating(needed),
    }


CHECK = Check(
    id="kinetic_distribution",
    group="dynamics",
    question="Do the velocities follow the Maxwell–Boltzmann distribution, for every element "
    "alike?",
    formula="kinetic energy of all atoms and of each element against a gamma distribution of "
    "shape n/2: mean and width in Langevin dynamics at 10/ps, mean at 1/ps, where forces that heat "
    "show, and mean of each element under a Nosé–Hoover chain; the largest deviation, as that of "
    "one test (Šidák)",
    unit="σ",
    source="physical_validation, Merz & Shirts, PLoS ONE 13 (2018) e0202764; weak and global "
    "coupling: Bigi et al. 2025",
    limits={"deviation": "σ"},
    consequence="The thermostat cannot hold the temperature against forces that heat or cool, or "
    "some atoms are hotter than others; every average of the simulation is wrong.",
    remedy="Look at `energy_drift`, `hessian_symmetry` and `force_consistency`: forces that are no "
    "gradient do work on the atoms. Look for a second thermostat and for wrong masses.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "samples"),
)
