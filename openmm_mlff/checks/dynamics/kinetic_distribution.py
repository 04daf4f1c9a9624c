"""Are velocities Maxwell's, for every element alike?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.checks.dynamics.kinetic_statistics import (
    KineticSample,
    of_family,
    single_deviation,
)
from openmm_mlff.checks.dynamics.second_opinion import kinetic_deviations
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.config import Criteria, Threshold
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

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
        """Give the same test of other samples."""
        return sample.mean_deviation() if self.quantity == "mean" else sample.width_deviation()

    def confirmed(self) -> bool:
        """Whether both halves of the run, taken apart, deviate in the same direction."""
        halves = [math.copysign(1.0, self.sigma) * self.of(self.sample.half(k)) for k in (0, 1)]
        return min(halves) > HALF_DEVIATION


def kinetic_distribution(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare mean and width of the kinetic energy with Maxwell's and Boltzmann's.

    Once for all atoms, with all degrees of freedom of the system, and once for every element, with
    three an atom: the samples are of a Langevin run that removes no motion.  Atoms at fixed
    distances share theirs, and count among all atoms only.  The largest deviation counts, made that
    of one test.  ``physical_validation`` is given every group's samples, thinned until they are
    independent, as a second opinion.

    Args:
        observations: with the probe ``kinetic_distribution``.
        criteria: ``deviation`` (σ).

    Returns:
        PASS where the deviation is within the limit.  FAIL where it is beyond, both halves of the
        run deviate by more than 2 σ in the same direction, and the library agrees; also where the
        molecule broke.  Else INCONCLUSIVE: a longer run decides.
    """
    probe = find_probe(SPEC, observations, name="kinetic_distribution")
    if isinstance(probe, CheckResult):
        return probe
    limit = SPEC.threshold(criteria, name="deviation")
    failure = str(probe.data["failure"]).strip().rstrip(".")
    if failure:
        return _failed(observations, what=f"the Langevin run broke: {failure}", limit=limit)
    temperature_kelvin = float(probe.data["temperature_kelvin"])
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * temperature_kelvin
    samples = _samples(observations, probe=probe, thermal_ev=thermal_ev)
    if not all(np.isfinite(sample.reduced).all() for sample in samples):
        return _failed(observations, what="velocities are not finite numbers", limit=limit)
    fewest = min(sample.independent() for sample in samples)
    if fewest < FEWEST_INDEPENDENT:
        reason = (
            f"the run is worth {fewest:.1f} independent samples, and {FEWEST_INDEPENDENT:g} are "
            "the fewest; sample longer"
        )
        return SPEC.inconclusive(observations, reason=reason)
    deviations = [
        deviation
        for sample in samples
        for deviation in _deviations(sample, temperature_kelvin=temperature_kelvin)
    ]
    return _judged(observations, deviations, limit=limit, temperature_kelvin=temperature_kelvin)


def _samples(
    observations: Observations, *, probe: ProbeObservations, thermal_ev: float
) -> list[KineticSample]:
    """Give the kinetic energies of all atoms together and of each element."""
    system = observations.system
    velocities = probe_array(
        probe, name="velocities_angstrom_per_ps", shape=(None, system.n_atoms, 3)
    )
    masses_amu = probe_array(probe, name="masses_amu", shape=(system.n_atoms,))
    scale = EV_PER_AMU_ANGSTROM2_PER_PS2 / thermal_ev
    reduced = 0.5 * scale * masses_amu * (velocities**2).sum(axis=2)
    everything = KineticSample(
        ALL_ATOMS,
        reduced.sum(axis=1),
        int(probe.data.get("degrees_of_freedom", 3 * system.n_atoms)),
    )
    free = np.ones(system.n_atoms, dtype=bool)
    # Records from before there were constraints do not say.
    if "constrained" in probe.arrays:
        free = probe_array(probe, name="constrained", shape=(system.n_atoms,)) == 0.0
    symbols = np.array(system.symbols)
    if len(set(system.symbols)) == 1:
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
    names = "mean", "width"
    return [
        Deviation(sample, name, sigma, theirs)
        for name, sigma, theirs in zip(names, own, library, strict=True)
    ]


def _judged(
    observations: Observations,
    deviations: Sequence[Deviation],
    *,
    limit: Threshold,
    temperature_kelvin: float,
) -> CheckResult:
    worst = max(deviations, key=lambda deviation: abs(deviation.sigma))
    value = of_family(worst.sigma, tests=len(deviations))
    evidence = _evidence(deviations, limit=limit, temperature_kelvin=temperature_kelvin)
    seen = evidence["detection_limit_percent_of_temperature"]
    what = (
        f"the {worst.quantity} of the kinetic energy of {_named(worst.sample.group)} deviates by "
        f"{value:.2g} {limit.unit} ({worst.sample.temperature_ratio * temperature_kelvin:.0f} K "
        f"by its mean at {temperature_kelvin:g} K)"
    )
    if value <= limit.value:
        return SPEC.result(
            observations,
            status=Status.PASS,
            message=f"On {place(observations)}, {what}, within the limit of {limit.value:g} "
            f"{limit.unit}; {seen:.0f} % of the temperature would have been seen in every group.",
            value=value,
            threshold=limit.value,
            evidence=evidence,
        )
    # NaN is no agreement with Maxwell and Boltzmann either.
    if worst.confirmed() and not worst.library_sigma <= limit.value:
        return _failed(observations, what=what, limit=limit, value=value, evidence=evidence)
    reason = f"{what}, but not in both halves of the run alike; sample longer"
    return SPEC.inconclusive(observations, reason=reason, evidence=evidence)


def _failed(
    observations: Observations,
    *,
    what: str,
    limit: Threshold,
    value: float | None = None,
    evidence: dict[str, Any] | None = None,
) -> CheckResult:
    beyond = "" if value is None else f", above the limit of {limit.value:g} {limit.unit}"
    return SPEC.result(
        observations,
        status=Status.FAIL,
        message=f"On {place(observations)}, {what}{beyond}.",
        value=value,
        threshold=limit.value,
        evidence=evidence,
    )


def _named(group: str) -> str:
    return group if group == ALL_ATOMS else f"the {group} atoms"


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


SPEC = CheckSpec(
    id="kinetic_distribution",
    group="dynamics",
    scope="system",
    title="Are velocities Maxwell's, for every element alike?",
    formula="mean and width of the kinetic energy of all atoms and of each element against a "
    "gamma distribution of shape n/2; the largest deviation, made that of one test (Šidák)",
    unit="σ",
    source="physical_validation, Merz & Shirts, PLoS ONE 13 (2018) e0202764",
    thresholds={"deviation": "σ"},
    failure_mode="The thermostat cannot hold the temperature against forces that heat or cool, or "
    "some atoms are hotter than others; every average of the simulation is wrong.",
    remedy="Look at `energy_drift`, `hessian_symmetry` and `force_consistency`: forces that are no "
    "gradient do work on the atoms. Look for a second thermostat and for wrong masses.",
    function=kinetic_distribution,
    probes=("kinetic_distribution",),
)
