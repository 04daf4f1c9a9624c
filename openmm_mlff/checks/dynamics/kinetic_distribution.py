"""Do the velocities follow the Maxwell–Boltzmann distribution, for every element alike?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, inconclusive
from openmm_mlff.checks.dynamics.kinetic_statistics import (
    KineticSample,
    of_family,
    single_deviation,
)
from openmm_mlff.checks.dynamics.second_opinion import kinetic_deviations
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

HALF_DEVIATION = 2.0
"""Both halves of a run must deviate by this, and in the same direction, before it fails."""

FEWEST_INDEPENDENT = 5.0

ALL_ATOMS = "all atoms"


@dataclass(frozen=True)
class Deviation:
    """One test of one group, in standard deviations with their sign."""

    sample: KineticSample
    quantity: str
    sigma: float
    library_sigma: float

    def of(self, sample: KineticSample) -> float:
        """Return the same test of other samples."""
        return sample.mean_deviation() if self.quantity == "mean" else sample.width_deviation()

    def confirmed(self) -> bool:
        """Return whether both halves of the run by themselves deviate in the same direction."""
        halves = [math.copysign(1.0, self.sigma) * self.of(self.sample.half(k)) for k in (0, 1)]
        return min(halves) > HALF_DEVIATION


def measure(subject: "Subject") -> Samples:
    """Return the shared Langevin samples, which this check judges as they are."""
    return subject.samples


def judge(record: Samples, limits: Limits) -> Judgement:
    """Compare mean and width of the kinetic energy with Maxwell's and Boltzmann's.

    Once for all atoms, with all degrees of freedom of the system, and once for every element, with
    three an atom: the samples are of a Langevin run that removes no motion.  Atoms at fixed
    distances share theirs, and count among all atoms only.  The largest deviation counts, as that
    of one test.  ``physical_validation`` is given every group's samples, thinned until they are
    independent, as a second opinion.

    Args:
        record: the samples.
        limits: ``deviation`` (σ).

    Returns:
        PASS where the deviation is within the limit.  FAIL where it is beyond, both halves of the
        run deviate by more than 2 σ in the same direction, and the library agrees; also where the
        molecule broke.  Else INCONCLUSIVE: a longer run decides.
    """
    limit = limits["deviation"]
    if record.failure:
        clause = f"the Langevin run broke: {record.failure}"
        return Judgement(Status.FAIL, clause, threshold=limit.value)
    samples = _samples(record)
    if not all(np.isfinite(sample.reduced).all() for sample in samples):
        return Judgement(Status.FAIL, "velocities are not finite", threshold=limit.value)
    fewest = min(sample.independent() for sample in samples)
    if fewest < FEWEST_INDEPENDENT:
        return inconclusive(
            f"the run is worth {fewest:.1f} independent samples, and at least "
            f"{FEWEST_INDEPENDENT:g} are needed; sample longer"
        )
    deviations = [
        deviation
        for sample in samples
        for deviation in _deviations(sample, temperature_kelvin=record.temperature_kelvin)
    ]
    return _compare(deviations, limit=limit, temperature_kelvin=record.temperature_kelvin)


def _samples(record: Samples) -> list[KineticSample]:
    """Return the kinetic energies of all atoms together and, of several elements, of each."""
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * record.temperature_kelvin
    scale = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 / thermal_ev
    squares = (record.velocities_angstrom_per_ps**2).sum(axis=2)
    reduced = scale * record.masses_amu * squares
    everything = KineticSample(ALL_ATOMS, reduced.sum(axis=1), record.degrees_of_freedom)
    symbols = np.array(record.symbols)
    free = ~record.constrained.astype(bool)
    if len(set(record.symbols)) == 1:
        return [everything]
    return [everything] + [
        KineticSample(symbol, reduced[:, chosen].sum(axis=1), 3 * int(chosen.sum()))
        for symbol in sorted(set(symbols[free].tolist()))
        for chosen in [free & (symbols == symbol)]
    ]


def _deviations(sample: KineticSample, *, temperature_kelvin: float) -> list[Deviation]:
    """Test mean and width of one group."""
    apart = math.ceil(sample.correlation())
    library = kinetic_deviations(
        BOLTZMANN_EV_PER_KELVIN * temperature_kelvin * sample.reduced[::apart],
        degrees_of_freedom=sample.degrees_of_freedom,
        temperature_kelvin=temperature_kelvin,
    )
    own = sample.mean_deviation(), sample.width_deviation()
    return [
        Deviation(sample, name, sigma, theirs)
        for name, sigma, theirs in zip(("mean", "width"), own, library, strict=True)
    ]


def _compare(
    deviations: Sequence[Deviation], *, limit: Threshold, temperature_kelvin: float
) -> Judgement:
    worst = max(deviations, key=lambda deviation: abs(deviation.sigma))
    value = of_family(worst.sigma, tests=len(deviations))
    evidence = _evidence(deviations, limit=limit, temperature_kelvin=temperature_kelvin)
    group = worst.sample.group if worst.sample.group == ALL_ATOMS else f"{worst.sample.group} atoms"
    clause = (
        f"the {worst.quantity} of the kinetic energy of {group} deviates by {value:.2g} "
        f"{limit.unit} (limit {limit.value:g} {limit.unit}; its mean is that of "
        f"{worst.sample.temperature_ratio * temperature_kelvin:.0f} K at {temperature_kelvin:g} K)"
    )
    status = Status.FAIL
    if value <= limit.value:
        status = Status.PASS
        seen = evidence["detection_limit_percent_of_temperature"]
        clause += f"; {seen:.0f} % of the temperature would have been detected in every group"
    # NaN from the library is no agreement with Maxwell and Boltzmann either.
    elif not worst.confirmed() or worst.library_sigma <= limit.value:
        status = Status.INCONCLUSIVE
        clause += ", but not in both halves of the run alike; sample longer"
    return Judgement(status, clause, value=value, threshold=limit.value, evidence=evidence)


def _evidence(
    deviations: Sequence[Deviation], *, limit: Threshold, temperature_kelvin: float
) -> dict[str, Any]:
    needed = single_deviation(limit.value, tests=len(deviations))
    return {
        "temperature_kelvin": temperature_kelvin,
        "samples": len(deviations[0].sample.reduced),
        "tests": [
            {
                "group": deviation.sample.group,
                "quantity": deviation.quantity,
                "deviation_sigma": deviation.sigma,
                "physical_validation_sigma": deviation.library_sigma,
                "degrees_of_freedom": deviation.sample.degrees_of_freedom,
                "independent_samples": deviation.sample.independent(),
                "temperature_kelvin": deviation.sample.temperature_ratio * temperature_kelvin,
            }
            for deviation in deviations
        ],
        "detection_limit_percent_of_temperature": 100.0
        * max(needed / math.sqrt(d.sample.independent() * d.sample.shape) for d in deviations),
    }


CHECK = Check(
    id="kinetic_distribution",
    group="dynamics",
    question="Do the velocities follow the Maxwell–Boltzmann distribution, for every element "
    "alike?",
    formula="mean and width of the kinetic energy of all atoms and of each element against a "
    "gamma distribution of shape n/2; the largest deviation, as that of one test (Šidák)",
    unit="σ",
    source="physical_validation, Merz & Shirts, PLoS ONE 13 (2018) e0202764",
    limits={"deviation": "σ"},
    consequence="The thermostat cannot hold the temperature against forces that heat or cool, or "
    "some atoms are hotter than others; every average of the simulation is wrong.",
    remedy="Look at `energy_drift`, `hessian_symmetry` and `force_consistency`: forces that are no "
    "gradient do work on the atoms. Look for a second thermostat and for wrong masses.",
    record=Samples,
    measure=measure,
    judge=judge,
    needs=("minimum", "samples"),
)
