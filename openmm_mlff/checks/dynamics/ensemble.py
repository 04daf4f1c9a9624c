"""Do energies and volumes have the distributions of their ensembles?"""

import math

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.dynamics.kinetic_statistics import HALF_DEVIATION, of_family
from openmm_mlff.checks.dynamics.second_opinion import ratio_deviation
from openmm_mlff.checks.statistics import correlation_rows
from openmm_mlff.config import Limits
from openmm_mlff.plots import Axis, Line, Panel, Plot
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import settled
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_BAR_ANGSTROM3

FEWEST_INDEPENDENT = 20
HOTTEST = 1.3  # of the temperature, whatever the energies of a short run suggest
BINS = 24


@record
class Record:
    """Potential energies at two temperatures in one box, and volumes at two pressures."""

    cold_ev: np.ndarray = array("NVT rows")
    hot_ev: np.ndarray = array("NVT rows")
    volumes_angstrom3: np.ndarray = array("NPT rows")
    pressed_angstrom3: np.ndarray = array("pressed rows")
    temperatures_kelvin: tuple[float, float]
    pressures_bar: tuple[float, float]
    failure: str = ""

    def pairs(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the last four fifths of both pairs, thinned to independent rows."""
        pairs = {
            "NVT": (self.cold_ev, self.hot_ev),
            "NPT": (self.volumes_angstrom3, self.pressed_angstrom3),
        }
        return {name: (_thinned(one), _thinned(two)) for name, (one, two) in pairs.items()}


def _thinned(values: np.ndarray) -> np.ndarray:
    late = settled(values)
    return late[:: math.ceil(correlation_rows(late))] if len(late) > 2 else late[:0]


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Run in one box at two temperatures, and at another pressure than the shared run.

    Temperatures and pressures are two standard deviations apart: ΔT = 2 k T²/σ(E), ΔP = 2 k T/σ(V),
    where the error of the ratio is smallest.
    """
    run = subject.npt
    if isinstance(run, (NotApplicable, Skipped)):
        return run
    kelvin, thermal_ev = run.temperature_kelvin, BOLTZMANN_EV_PER_KELVIN * run.temperature_kelvin
    failure, volumes = run.failure, run.volume_angstrom3
    cold = hot = pressed = np.empty(0)
    warmer, higher_bar = kelvin, run.pressure_bar
    if not failure:
        first = subject.boxes.run(number=2, stage="NVT")
        if isinstance(first, Skipped):
            return first
        spread_ev = max(float(settled(first.potential_ev).std()), 1e-12)
        warmer = kelvin * min(1.0 + 2.0 * thermal_ev / spread_ev, HOTTEST)
        second = subject.boxes.run(temperature_kelvin=warmer, number=3, stage="NVT, warmer")
        spread = max(float(settled(volumes).std()), 1e-12) * EV_PER_BAR_ANGSTROM3
        higher_bar += 2.0 * thermal_ev / spread
        third = subject.boxes.run(pressure_bar=higher_bar, number=4, stage="NPT, higher pressure")
        if isinstance(second, Skipped):
            return second
        if isinstance(third, Skipped):
            return third
        failure = first.failure or second.failure or third.failure
        rows = min(len(first.potential_ev), len(second.potential_ev))
        cold, hot = first.potential_ev[:rows], second.potential_ev[:rows]
        pressed = third.volume_angstrom3
    return Record(
        cold_ev=cold,
        hot_ev=hot,
        volumes_angstrom3=volumes,
        pressed_angstrom3=pressed,
        temperatures_kelvin=(kelvin, warmer),
        pressures_bar=(run.pressure_bar, higher_bar),
        failure=failure,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the slopes of ln P₂/P₁ with the exact ones, by ``deviation`` (σ).

    A larger deviation is a FAIL where both halves of the runs deviate by more than 2 σ, else
    INCONCLUSIVE.
    """
    limit = limits["deviation"]
    if record.failure:
        clause = f"a run in the box failed: {record.failure}"
        return Judgement(Status.FAIL, clause, threshold=limit.value)
    pairs = record.pairs()
    fewest = min(len(one) for pair in pairs.values() for one in pair)
    if fewest < FEWEST_INDEPENDENT:
        worth = f"{fewest} independent samples (needs at least {FEWEST_INDEPENDENT})"
        return inconclusive(f"the shortest run is worth {worth}; sample longer")
    found = {name: _deviation(record, name, pair) for name, pair in pairs.items()}
    worst = max(found, key=lambda name: found[name])
    what = {"NVT": "energies at two temperatures", "NPT": "volumes at two pressures"}[worst]
    value = of_family(found[worst], tests=len(found))
    evidence = {
        "temperatures_kelvin": record.temperatures_kelvin,
        "pressures_bar": record.pressures_bar,
        "deviations_sigma": found,
        "independent_samples": {name: [len(one) for one in pair] for name, pair in pairs.items()},
    }
    clause = f"the ratio of the distributions of {what} deviates by"
    judgement = judged([Measure(clause, value, limit)], evidence=evidence)
    halves = [tuple(np.array_split(one, 2)[half] for one in pairs[worst]) for half in range(2)]
    if judgement.status is Status.FAIL and not all(
        _deviation(record, worst, (first, second)) > HALF_DEVIATION for first, second in halves
    ):
        reason = f"{judgement.clause}, but not in both halves of the runs; sample longer"
        return inconclusive(reason, evidence=judgement.evidence)
    return judgement


def _deviation(record: Record, name: str, pair: tuple[np.ndarray, np.ndarray]) -> float:
    pressures = record.pressures_bar if name == "NPT" else None
    kelvin = record.temperatures_kelvin
    temperatures = (kelvin[0], kelvin[0]) if pressures else kelvin
    return ratio_deviation(*pair, temperatures_kelvin=temperatures, pressures_bar=pressures)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the distributions of both pairs."""
    panels = []
    labels = {
        "NVT": ("Potential energy (eV)", "K", record.temperatures_kelvin),
        "NPT": ("Volume (Å³)", "bar", record.pressures_bar),
    }
    for name, pair in record.pairs().items():
        if not all(len(one) > 1 for one in pair):
            continue
        edges = np.histogram_bin_edges(np.concatenate(pair), BINS)
        middles, (label, unit, at) = 0.5 * (edges[1:] + edges[:-1]), labels[name]
        names = (f"{each:.4g} {unit}" for each in at)
        marks = [
            Line(middles, np.histogram(one, edges, density=True)[0], each, steps=True)
            for one, each in zip(pair, names, strict=True)
        ]
        panels.append(Panel(Axis(label), Axis("Probability density"), marks, name))
    caption = "Distributions whose ratio is known for any potential."
    return [Plot("Ensembles", panels, caption, "ensemble", 2)] if panels else []


CHECK = define(
    __name__,
    formula="slope of ln P₂/P₁ against 1/kT₁ − 1/kT₂ for potential energies in one box at two "
    "temperatures, and against (P₁ − P₂)/kT for volumes at two pressures, by maximum likelihood; "
    "the larger deviation, as that of one test (Šidák)",
    source="physical_validation: Shirts, J. Chem. Theory Comput. 9 (2013) 909; torch-sim's tests",
    limits={"deviation": "σ"},
    consequence="The thermostat or the barostat does not sample the temperature or the pressure "
    "that is set; averages, fluctuations and free energies are wrong.",
    remedy="Look at `npt_stability` and `kinetic_distribution`: an energy that does not follow the "
    "box, forces that heat, or a barostat that counts other molecules than it moves.",
    needs=("box", "npt"),
)
