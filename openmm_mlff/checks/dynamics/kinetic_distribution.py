"""Do the velocities follow the Maxwell–Boltzmann distribution, for every element?"""

import math
from collections.abc import Sequence

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define, inconclusive
from openmm_mlff.checks.dynamics.kinetic_statistics import (
    Deviation,
    KineticSample,
    of_family,
    single_deviation,
)
from openmm_mlff.checks.dynamics.second_opinion import kinetic_deviations
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.shared import Samples
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

FEWEST_INDEPENDENT = 5.0  # of the strong samples, whose correlation they themselves give
FEWEST_SAMPLES = 100  # 1 ps; of half as many the correlation is known to a factor of two

WEAK_FRICTION_PER_PS = 1.0
"""A heating power P raises the temperature by P/(γ f k_B): ten times as much as at 10/ps."""

RELAXATION_SHARE, WEAK_SHARE, GLOBAL_SHARE = 0.125, 0.5, 0.375
"""Of the protocol's ``thermostats_ps``; heat builds up over 1/γ before it is sampled."""

GLOBAL_RUNS = 4

ALL_ATOMS = "all atoms"
STRONG, WEAK, GLOBAL = "under strong friction", "under weak friction", "under a global thermostat"


@record
class Record:
    """Kinetic energies of G groups of atoms: all atoms, and each element if there are several."""

    groups: tuple[str, ...]
    degrees_of_freedom: np.ndarray = array("groups")
    # of the shared Langevin samples
    strong_kinetic_ev: np.ndarray = array("strong samples", "groups")
    # along a Langevin run of weak friction, after its relaxation
    weak_kinetic_ev: np.ndarray = array("weak samples", "groups")
    # along runs under a global thermostat, from points of the canonical ensemble; none for one
    # group, whose temperature the thermostat itself sets
    global_kinetic_ev: np.ndarray = array("runs", "global samples", "groups")
    weak_friction_per_ps: float
    weak_ps: float  # length of the run of weak friction, without its relaxation
    temperature_kelvin: float
    failure: str = ""  # why a run broke off; empty where none did

    @property
    def relaxations(self) -> float:
        """Length of the weak run in its relaxation time 1/γ."""
        return self.weak_friction_per_ps * self.weak_ps

    def samples(self, energies_ev: np.ndarray, known: float | None = None) -> list[KineticSample]:
        """Return energies (S, G), worth `known` independent samples, as samples of each group."""
        reduced = energies_ev / (BOLTZMANN_EV_PER_KELVIN * self.temperature_kelvin)
        groups = zip(self.groups, reduced.T, self.degrees_of_freedom.tolist(), strict=True)
        return [KineticSample(name, each, freedom, known) for name, each, freedom in groups]


def groups_of(samples: Samples) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return names, members (N, G) and degrees of freedom (G,): all atoms, then each element.

    Atoms at fixed distances share their degrees of freedom, so they count among all atoms only.
    """
    symbols = np.array(samples.symbols)
    free = ~samples.constrained.astype(bool)
    elements = sorted(set(symbols[free].tolist())) if len(set(samples.symbols)) > 1 else []
    members = [np.ones(len(symbols), dtype=bool)] + [free & (symbols == one) for one in elements]
    freedom = [samples.degrees_of_freedom] + [3 * int(chosen.sum()) for chosen in members[1:]]
    return (ALL_ATOMS, *elements), np.array(members).T, np.array(freedom)


def measure(subject: Subject) -> Record:
    """Run at weak friction and under a global thermostat, from points of the shared samples."""
    samples = subject.samples
    groups, members, freedom = groups_of(samples)
    weights = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * samples.masses_amu[:, None] * members
    strong = (samples.velocities_angstrom_per_ps**2).sum(axis=2) @ weights
    length_ps = subject.spec.thermostats_ps
    failure = samples.failure and f"the Langevin run failed: {samples.failure}"
    weak, runs = np.empty((0, len(groups))), []
    experiments = subject.experiments
    starts = experiments.langevin_starts(GLOBAL_RUNS)
    if starts:
        energies, broken = experiments.langevin_kinetic_ev(
            starts[-1],
            friction_per_ps=WEAK_FRICTION_PER_PS,
            duration_ps=(RELAXATION_SHARE + WEAK_SHARE) * length_ps,
            weights=weights,
        )
        relaxed = RELAXATION_SHARE / (RELAXATION_SHARE + WEAK_SHARE)
        weak = energies[round(relaxed * len(energies)) :]
        failure = broken and f"the Langevin run at {WEAK_FRICTION_PER_PS:g}/ps failed: {broken}"
    for start in starts if len(groups) > 1 and not failure else ():
        energies, broken = experiments.nose_hoover_kinetic_ev(
            start, duration_ps=GLOBAL_SHARE * length_ps / len(starts), weights=weights
        )
        if broken:
            failure = f"the run under a global thermostat failed: {broken}"
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
    """Compare the deviation of kinetic energies from the canonical ones with ``deviation`` (σ).

    - Mean and width of the strongly coupled samples, of all atoms with all degrees of freedom of
      the system, of every element with three an atom, since nothing removes motion.
      ``physical_validation`` judges them again, thinned until they are independent.
    - Mean of each group over t at weak friction, at which forces that heat show, worth γt.
    - Mean of each element under a global thermostat, which holds the total while elements differ.
      The canonical distribution is stationary under it, but a small molecule does not explore it
      in one run, so each start is worth one sample.

    One beyond the limit is a FAIL where both halves of the run (or of the starts) deviate by more
    than 2 σ in the same direction and the library agrees, else INCONCLUSIVE.
    """
    limit = limits["deviation"].value
    if record.failure:
        return Judgement(Status.FAIL, record.failure, threshold=limit)
    strong = record.samples(record.strong_kinetic_ev)
    weak = record.samples(record.weak_kinetic_ev, record.relaxations)
    # A single run has no scatter to judge it by.
    elements = []
    if (n_runs := len(record.global_kinetic_ev)) > 1:
        elements = record.samples(record.global_kinetic_ev.mean(axis=1), float(n_runs))[1:]
    if not all(np.isfinite(sample.reduced).all() for sample in (*strong, *weak, *elements)):
        return Judgement(Status.FAIL, "velocities are not finite", threshold=limit)
    if (count := len(record.strong_kinetic_ev)) < FEWEST_SAMPLES:
        reason = f"the run has {count} samples (needs at least {FEWEST_SAMPLES}); sample longer"
        return inconclusive(reason)
    fewest = min(sample.independent() for sample in strong)
    if fewest < FEWEST_INDEPENDENT:
        worth = f"{fewest:.1f} independent samples (needs at least {FEWEST_INDEPENDENT:g})"
        return inconclusive(f"the run is worth {worth}; sample longer")
    if record.relaxations < 1.0:
        lasted = f"{record.relaxations:.2g} of its relaxation time"
        return inconclusive(f"the run at weak friction lasted {lasted}; sample longer")
    deviations = [
        *(one for sample in strong for one in _mean_and_width(sample, record.temperature_kelvin)),
        *(Deviation(WEAK, sample, "mean") for sample in weak),
        *(Deviation(GLOBAL, sample, "mean") for sample in elements),
    ]
    return _compare(deviations, limit=limit, record=record)


def _mean_and_width(sample: KineticSample, temperature_kelvin: float) -> list[Deviation]:
    """Test mean and width of one group of the shared samples."""
    thinned = sample.reduced[:: math.ceil(sample.correlation())]
    library = kinetic_deviations(
        BOLTZMANN_EV_PER_KELVIN * temperature_kelvin * thinned,
        degrees_of_freedom=sample.degrees_of_freedom,
        temperature_kelvin=temperature_kelvin,
    )
    pairs = zip(("mean", "width"), library, strict=True)
    return [Deviation(STRONG, sample, quantity, theirs) for quantity, theirs in pairs]


def _compare(deviations: Sequence[Deviation], *, limit: float, record: Record) -> Judgement:
    worst = max(deviations, key=lambda deviation: abs(deviation.sigma))
    value = of_family(worst.sigma, tests=len(deviations))
    target_kelvin = record.temperature_kelvin
    # All atoms are the first group.
    weak = next(one.sample for one in deviations if one.run == WEAK)
    detectable = weak.least_heating(single_deviation(limit, tests=len(deviations))) * target_kelvin
    group = worst.sample.group if worst.sample.group == ALL_ATOMS else f"{worst.sample.group} atoms"
    clause = (
        f"the {worst.quantity} of the kinetic energy of {group} {worst.run} deviates by "
        f"{value:.2g} {CHECK.unit} (limit {limit:g} {CHECK.unit}; its mean is that of "
        f"{worst.sample.temperature_ratio * target_kelvin:.0f} K at {target_kelvin:g} K)"
    )
    status = Status.FAIL
    if value <= limit:
        status, friction = Status.PASS, f"{record.weak_friction_per_ps:g}/ps"
        clause += f"; {detectable:.0f} K of heating at {friction} would show"
    elif not worst.confirmed(limit):
        status = Status.INCONCLUSIVE
        clause += ", but not in both halves of the run; sample longer"
    evidence = {
        "temperature_kelvin": target_kelvin,
        "tests": [one.as_dict(target_kelvin) for one in deviations],
        "smallest_detectable_heating_kelvin": detectable,
    }
    return Judgement(status, clause, value=value, threshold=limit, evidence=evidence)


CHECK = define(
    __name__,
    formula="kinetic energy of all atoms and of each element against a gamma distribution of "
    "shape n/2: mean and width in Langevin dynamics at 10/ps, mean at 1/ps, where forces that heat "
    "show, and mean of each element under a Nosé–Hoover chain; the largest deviation, as that of "
    "one test (Šidák)",
    source="physical_validation, Merz & Shirts, PLoS ONE 13 (2018) e0202764; weak and global "
    "coupling: Bigi et al. 2025",
    limits={"deviation": "σ"},
    consequence="The thermostat cannot hold the temperature against forces that heat or cool, or "
    "some atoms are hotter than others; every average of the simulation is wrong.",
    remedy="Look at `energy_drift`, `hessian_symmetry` and `force_consistency`: forces that are "
    "not a gradient heat or cool the atoms. Look for a second thermostat and for wrong masses.",
    needs=("minimum", "samples"),
)
